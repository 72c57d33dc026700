import type { VNode } from '../../kit.ts';
import {
  answered,
  api,
  Bytes,
  Card,
  Clients,
  Empty,
  Facts,
  formatDay,
  formatNumber,
  Show,
  Time,
  useLoaded,
} from '../../kit.ts';

interface PullsProps {
  readonly repository: string;
  readonly reference: string;
}

/** Shows how often the tag or the digest was pulled, and by whom. */
export function Pulls({ repository, reference }: PullsProps): VNode {
  const query = reference.includes(':') ? { repository, digest: reference } : { repository, tag: reference };
  const loaded = useLoaded(JSON.stringify(query), (signal) =>
    answered(api.GET('/usage', { params: { query }, signal })),
  );
  return (
    <Show of={loaded}>
      {({ pulls, heads, pushes, lastPull, lastHead, lastPush, trackedSince, sizes, period }) => (
        <>
          {pulls > 0 ? null : (
            <Empty title="No pull of it was counted.">
              <p>A pull shows here within a minute.</p>
            </Empty>
          )}
          <div class="cards">
            <Card title="Counted">
              <Facts
                of={[
                  ['Pulls', formatNumber(pulls)],
                  ['Last pull', <Time key="pull" at={lastPull} />],
                  ['Looked up by HEAD', formatNumber(heads)],
                  ['Last HEAD', lastHead === undefined ? undefined : <Time key="head" at={lastHead} />],
                  ['Pushes', formatNumber(pushes)],
                  ['Last push', <Time key="push" at={lastPush} />],
                  ['Bytes that nothing else needs', <Bytes key="own" of={sizes?.uniqueBytes} />],
                ]}
              />
              <p class="soft">
                Pulls by scanners and by copiers to other registries are counted, and none of them is a last pull.
                {trackedSince === undefined ? '' : ` Every pull is known since ${formatDay(trackedSince)}.`}
              </p>
            </Card>
            <Clients of={period.byClient} />
          </div>
        </>
      )}
    </Show>
  );
}
