import type { Schema, VNode } from '../../kit.ts';
import { Badge, Bytes, Card, countOf, formatDuration, formatNumber, Text, Time } from '../../kit.ts';

type Overview = Schema<'Overview'>;
type Part<Name extends keyof Overview> = NonNullable<Overview[Name]>;

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

export function WebhooksCard({ of: { total, failing } }: { readonly of: Part<'webhooks'> }): VNode {
  const isGood = failing.length === 0;
  return (
    <Card title="Webhooks">
      {total === 0 ? (
        <p class="soft">There is none. One posts to a URL of yours whenever something is pushed or deleted.</p>
      ) : (
        <Light isGood={isGood}>
          {isGood
            ? `${countOf(total, 'webhook')}, none fails`
            : `${formatNumber(failing.length)} of ${countOf(total, 'webhook')} failing`}
        </Light>
      )}
      <ul>
        {failing.map(({ name, since, reason, nextAttemptAt }) => (
          <li key={name}>
            <Text of={name} />
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

export function BuildsCard({ of: { running, queued, failed } }: { readonly of: Part<'builds'> }): VNode {
  return (
    <Card title="Builds">
      <Light isGood={failed.length === 0}>
        {failed.length === 0 ? 'None has failed' : `${countOf(failed.length, 'build')} failed`}
      </Light>
      <p>{`${formatNumber(running)} running, ${formatNumber(queued)} waiting`}</p>
      <ul>
        {failed.map(({ id, image, finishedAt, reason }) => (
          <li key={id}>
            <Text of={image} /> <Time at={finishedAt} />
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
            <Text of={region} /> <Badge looks={state === 'ready' ? 'good' : 'warn'}>{state}</Badge>
            {missing === undefined || missing === 0 ? '' : ` lacks ${countOf(missing, 'image')}`}
            {lagSeconds === undefined || lagSeconds === 0 ? '' : `, for ${formatDuration(lagSeconds)}`}
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Shows the plans that wait for an approval, and what can be brought back. */
export function PurgeCard({ of: { purge, held, bin } }: { readonly of: Overview }): VNode {
  const waiting = purge?.awaitingApproval ?? [];
  return (
    <Card title="Removal">
      {waiting.length === 0 ? (
        <p>No plan waits for an approval.</p>
      ) : (
        <Light isGood={false}>{`${countOf(waiting.length, 'plan waits', 'plans wait')} for an approval`}</Light>
      )}
      <ul>
        {waiting.map(({ policy, removes, bytes, madeAt }) => (
          <li key={policy}>
            <Text of={policy} /> would remove {formatNumber(removes)}
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
        <p>{`${countOf(bin.entries, 'entry', 'entries')} in the recycle bin, which can be restored`}</p>
      )}
      {held === undefined || held.count === 0 ? null : <p>{`${countOf(held.count, 'image')} held by a scanner`}</p>}
    </Card>
  );
}
