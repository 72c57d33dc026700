import type { Schema, VNode } from '../../kit.ts';
import { Badge, Bytes, Card, countOf, formatDuration, formatNumber, Link, linkTo, Text, Time } from '../../kit.ts';

type Overview = Schema<'Overview'>;
type Part<Name extends keyof Overview> = NonNullable<Overview[Name]>;

/** The lists of an overview have so many entries at most, and its counts stop at that. */
const [mostListed, mostCounted] = [10, 100];

function bounded(number: number, most: number, one: string, many?: string): string {
  return `${number >= most ? 'at least ' : ''}${countOf(number, one, many)}`;
}

/** A light with its word: colour alone tells nothing to some. */
function Light({ isGood, children }: { readonly isGood: boolean; readonly children: string }): VNode {
  return (
    <p>
      <Badge looks={isGood ? 'good' : 'bad'}>
        {isGood ? '✓ ' : '! '}
        {children}
      </Badge>
    </p>
  );
}

export function WebhooksCard({ of: { total, failing, latest } }: { readonly of: Part<'webhooks'> }): VNode {
  const isGood = failing.length === 0;
  return (
    <Card title="Webhooks">
      {total === 0 ? (
        <p class="soft">There is none. One posts to a URL of yours whenever something is pushed or deleted.</p>
      ) : (
        <Light isGood={isGood}>
          {isGood
            ? `${countOf(total, 'webhook')}, none fails`
            : `${failing.length >= mostListed ? 'at least ' : ''}${formatNumber(failing.length)} of ${countOf(total, 'webhook')} failing`}
        </Light>
      )}
      <ul>
        {latest.map((hook) => (
          <WebhookLight key={hook.name} of={hook} />
        ))}
      </ul>
      {total > latest.length ? (
        <p>
          <Link href="/webhooks">All webhooks</Link>
        </p>
      ) : null}
      {failing.length === 0 ? null : <h3>Failing</h3>}
      <ul>
        {failing.map(({ name, since, reason, nextAttemptAt }) => (
          <li key={name}>
            <Link href={linkTo('/webhook', { name })}>
              <Text of={name} />
            </Link>
            {since === undefined ? null : (
              <>
                {' '}
                fails since <Time at={since} />
              </>
            )}
            {reason === undefined ? null : (
              <>
                : <Text of={reason} />
              </>
            )}
            {nextAttemptAt === undefined ? null : (
              <>
                ; next attempt <Time at={nextAttemptAt} />
              </>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

const lights = {
  working: ['good', '✓'],
  failing: ['bad', '!'],
  off: [undefined, '○'],
} as const;

/** One webhook: its light, and the time of its last delivery. */
function WebhookLight({ of: { name, state, at, status } }: { readonly of: Part<'webhooks'>['latest'][number] }): VNode {
  const [looks, sign] = lights[state];
  return (
    <li>
      <Badge looks={looks}>{`${sign} ${state}`}</Badge>{' '}
      <Link href={linkTo('/webhook', { name })}>
        <Text of={name} />
      </Link>{' '}
      {at === undefined ? (
        <span class="soft">nothing sent yet</span>
      ) : (
        <>
          {status === 'delivered' ? 'delivered' : 'last sent'} <Time at={at} />
        </>
      )}
    </li>
  );
}

export function BuildsCard({ of: { running, queued, failed } }: { readonly of: Part<'builds'> }): VNode {
  return (
    <Card title="Builds">
      <Light isGood={failed.length === 0}>
        {failed.length === 0 ? 'None has failed' : `${bounded(failed.length, mostListed, 'build')} failed`}
      </Light>
      <p>{`${formatNumber(running)} running, ${formatNumber(queued)} waiting`}</p>
      <ul>
        {failed.map(({ id, image, finishedAt, reason }) => (
          <li key={id}>
            <Link href={linkTo('/build', { id, image })}>
              <Text of={image} />
            </Link>{' '}
            <Time at={finishedAt} />
            {reason === undefined ? null : (
              <>
                : <Text of={reason} />
              </>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

export function RegionsCard({ of: { regions } }: { readonly of: Part<'replication'> }): VNode {
  return (
    <Card title="Regions">
      {regions.length === 0 ? <p class="soft">Images are in one region.</p> : null}
      <ul>
        {regions.map(({ region, state, missing, lagSeconds }) => (
          <li key={region}>
            <Link href="/regions">
              <Text of={region} />
            </Link>{' '}
            <Badge looks={state === 'ready' ? 'good' : 'warn'}>{state}</Badge>
            {missing === undefined || missing === 0 ? '' : ` lacks ${bounded(missing, mostCounted, 'image')}`}
            {lagSeconds === undefined || lagSeconds === 0 ? '' : `, for ${formatDuration(lagSeconds)}`}
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Shows the plans that wait for an approval, and what can be brought back. */
export function PurgeCard({ of: { purge, bin } }: { readonly of: Overview }): VNode {
  const waiting = purge?.awaitingApproval ?? [];
  return (
    <Card title="Removal">
      {waiting.length === 0 ? (
        <p>No plan waits for an approval.</p>
      ) : (
        <Light
          isGood={false}
        >{`${bounded(waiting.length, mostListed, 'plan waits', 'plans wait')} for an approval`}</Light>
      )}
      <ul>
        {waiting.map(({ policy, removes, bytes, madeAt }) => (
          <li key={policy}>
            <Link href={linkTo('/plan', { policy })}>
              <Text of={policy} />
            </Link>{' '}
            would remove {formatNumber(removes)}
            {bytes === undefined ? null : (
              <>
                {' '}
                (<Bytes of={bytes} />)
              </>
            )}
            , planned <Time at={madeAt} />
          </li>
        ))}
      </ul>
      {bin === undefined ? null : (
        <p>
          <Link href="/bin">{bounded(bin.entries, mostCounted, 'entry', 'entries')}</Link> in the recycle bin, which can
          be restored
        </p>
      )}
    </Card>
  );
}

/** Counts the images that those who may only pull do not get. */
export function HeldCard({ of: { count } }: { readonly of: Part<'held'> }): VNode | null {
  if (count === 0) return null;
  return (
    <Card title="Held">
      <Light isGood={false}>{`${bounded(count, mostCounted, 'image is', 'images are')} held by policies`}</Light>
      <p>
        <Link href="/held">See why, and release them</Link>
      </p>
    </Card>
  );
}
