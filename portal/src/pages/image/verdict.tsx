import type { Schema, VNode } from '../../kit.ts';
import {
  answered,
  api,
  attempt,
  Badge,
  Button,
  Card,
  countOf,
  Facts,
  formatTime,
  Link,
  linkTo,
  ReleaseDialog,
  Show,
  Text,
  Time,
  useLoaded,
  useState,
  whyNotRelease,
} from '../../kit.ts';
import type { VerdictState } from './verdict-state.ts';
import { stateOf } from './verdict-state.ts';

type Verdict = Schema<'ImageVerdict'>;
type Judgement = Schema<'Judgement'>;

interface VerdictProps {
  readonly repository: string;
  readonly reference: string;
  /** The image is shown anew when it was released, or is no longer. */
  readonly onChange: () => void;
}

/** Loads the verdict beside the image: neither waits for the other. */
export function useVerdict(repository: string, reference: string) {
  const query = { repository, reference };
  return useLoaded(`verdict ${JSON.stringify(query)}`, (signal) =>
    answered(api.GET('/images/verdict', { params: { query }, signal })),
  );
}

/** Says whether an image is held, and why, and lets those who may release it. Without a policy it says nothing. */
export function VerdictCard({
  of: loaded,
  repository,
  onChange,
}: Omit<VerdictProps, 'reference'> & { readonly of: ReturnType<typeof useVerdict> }): VNode | null {
  const state = loaded.data === undefined ? undefined : stateOf(loaded.data, Date.now());
  if (loaded.failure === undefined && state === undefined) return null;
  const changed = () => {
    loaded.reload();
    onChange();
  };
  return (
    <Show of={loaded}>
      {(verdict) =>
        state === undefined ? null : (
          <Card title="Policies" actions={<Actions of={verdict} repository={repository} onDone={changed} />}>
            <p>
              <StateBadge of={state} /> <Text of={verdict.explanation} />
            </p>
            <Details of={verdict} />
          </Card>
        )
      }
    </Show>
  );
}

const badges: Readonly<
  Record<VerdictState['is'], readonly [looks: 'good' | 'warn' | 'bad', word: string, about: string]>
> = {
  held: ['bad', '▲ held', 'Those who may only pull are refused.'],
  released: ['warn', '● released', 'It is open whatever its judgements say.'],
  grace: ['warn', '● in its grace', 'It does not pass any more, and is open for a while yet.'],
  audit: ['warn', '● in audit', 'It does not pass, and is served with a warning.'],
  unjudged: ['warn', '○ not judged yet', 'It was there before the policies, and is open until they have judged it.'],
  passed: ['good', '✓ passed', 'It passes every policy that covers it.'],
};

function StateBadge({ of: { is, until } }: { readonly of: VerdictState }): VNode {
  const [looks, word, about] = badges[is];
  return (
    <Badge looks={looks} title={about}>
      {until === undefined ? word : `${word} until ${formatTime(until)}`}
    </Badge>
  );
}

interface ActionsProps {
  readonly of: Verdict;
  readonly repository: string;
  readonly onDone: () => void;
}

function Actions({ of: { held, release, digest }, repository, onDone }: ActionsProps): VNode | null {
  const [isAsking, setAsking] = useState(false);
  const why = whyNotRelease(repository);
  const end = async () => {
    const params = { query: { repository, digest } };
    if (await attempt(() => answered(api.DELETE('/images/release', { params })), 'Its policies count again.')) onDone();
  };
  if (!held && release === undefined) return null;
  return (
    <>
      {release === undefined ? (
        <Button disabledWhy={why} onPress={() => setAsking(true)}>
          Release …
        </Button>
      ) : (
        <Button disabledWhy={why} onPress={end}>
          End the release
        </Button>
      )}
      {isAsking ? (
        <ReleaseDialog of={[{ repository, digest }]} onClose={() => setAsking(false)} onDone={onDone} />
      ) : null}
    </>
  );
}

const parts: Readonly<Record<Judgement['part'], string>> = {
  trust: 'Trust',
  scan: 'Scanning',
  quarantine: 'Quarantine',
};

/** Shows what each kind of policy says of it, and by which evidence. */
function Details({ of: { judgements, covering, release, walk } }: { readonly of: Verdict }): VNode {
  return (
    <details>
      <summary>{`${countOf(judgements.length, 'judgement')} by ${countOf(covering.length, 'policy', 'policies')}`}</summary>
      <div class="shown">
        {judgements.map((judgement) => (
          <OneJudgement key={judgement.part} of={judgement} />
        ))}
        {covering.length === 0 ? null : (
          <p>
            Covered by{' '}
            {covering.map(({ part, name, mode }, at) => (
              <span key={`${part} ${name}`}>
                {at === 0 ? '' : ', '}
                <Link href={linkTo('/policies', { view: part === 'trust' ? '' : part })}>
                  <Text of={name} />
                </Link>
                {` (${mode})`}
              </span>
            ))}
            .
          </p>
        )}
        {release === undefined ? null : (
          <p>
            Released by <Text of={release.by} /> <Time at={release.at} />, until {formatTime(release.until)}:{' '}
            <Text of={release.reason} />
          </p>
        )}
        {walk === undefined ? null : (
          <p>{`Changed policies are judging what is stored: ${countOf(walk.judged, 'manifest')} so far.`}</p>
        )}
      </div>
    </details>
  );
}

const looksOf = { passed: 'good', pending: 'warn', failed: 'bad' } as const;

function OneJudgement({ of }: { readonly of: Judgement }): VNode {
  const { part, state, mode, policies, reasons, evidence, at, passedAt, graceUntil, dueAt, isCurrent } = of;
  return (
    <section aria-label={parts[part]}>
      <h3>
        {parts[part]} <Badge looks={looksOf[state]}>{state}</Badge>
        {state === 'passed' ? null : <Badge>{mode}</Badge>}
        {isCurrent ? null : (
          <Badge looks="warn" title="The policies have changed since. It counts until it is judged anew.">
            being judged anew
          </Badge>
        )}
      </h3>
      <Facts
        of={[
          ['Policies', <Text key="policies" of={policies.join(', ')} />],
          ['Since', <Time key="at" at={at} />],
          ['Reasons', reasons.length === 0 ? undefined : <Sentences key="reasons" of={reasons} />],
          ['Rests on', evidence.length === 0 ? undefined : <Sentences key="evidence" of={evidence} />],
          [
            'Passed last',
            passedAt === undefined || state === 'passed' ? undefined : <Time key="passed" at={passedAt} />,
          ],
          ['Open until', graceUntil === undefined ? undefined : <Time key="grace" at={graceUntil} />],
          ['Judged again', dueAt === undefined ? undefined : <Time key="due" at={dueAt} />],
        ]}
      />
    </section>
  );
}

function Sentences({ of }: { readonly of: readonly string[] }): VNode {
  return (
    <ul>
      {of.map((each) => (
        <li key={each}>
          <Text of={each} />
        </li>
      ))}
    </ul>
  );
}
