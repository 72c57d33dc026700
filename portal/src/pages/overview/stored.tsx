import type { Schema, VNode } from '../../kit.ts';
import { Card, Facts, formatBytes, formatDay, formatNumber, formatShare, Link, linkTo, Time } from '../../kit.ts';

/** Shows what is stored, and its share of what may be. */
export function Stored({ of: { counts, bytes, quota } }: { readonly of: Schema<'Overview'> }): VNode {
  return (
    <Card title="Stored">
      {counts === undefined ? null : (
        <p class="figure">
          <Link
            href={linkTo('/repositories')}
          >{`${formatNumber(counts.repositories)} ${counts.repositories === 1 ? 'repository' : 'repositories'}`}</Link>
        </p>
      )}
      <Facts
        of={[
          [
            counts?.isExact === false ? 'Tags, at the last survey' : 'Tags',
            counts === undefined ? undefined : formatNumber(counts.tags),
          ],
          ['Manifests', counts === undefined ? undefined : formatNumber(counts.manifests)],
          ['Bytes', bytes === undefined ? 'not measured yet: that is done every hour' : formatBytes(bytes.stored)],
          ['Of one repository', bytes === undefined ? undefined : formatBytes(bytes.unique)],
          ['Of several', bytes === undefined ? undefined : formatBytes(bytes.shared)],
          ['In the bin alone', bytes === undefined ? undefined : formatBytes(bytes.recycled)],
          ['Of nothing', bytes === undefined ? undefined : formatBytes(bytes.unneeded)],
          ['Measured', bytes === undefined ? undefined : <Time at={bytes.measuredAt} />],
        ]}
      />
      {quota === undefined ? null : <Quota of={quota} />}
    </Card>
  );
}

function Quota({
  of: { limitBytes, usedBytes, share, fullAt },
}: {
  readonly of: NonNullable<Schema<'Overview'>['quota']>;
}): VNode {
  return (
    <>
      <meter aria-label="Used share of the quota" min={0} max={1} high={0.9} optimum={0} value={Math.min(1, share)} />
      <p class="soft">
        {`${formatBytes(usedBytes)} of ${formatBytes(limitBytes)}, ${formatShare(share)}`}
        {fullAt === undefined ? '' : `; full on ${formatDay(fullAt)} at this growth`}
      </p>
    </>
  );
}
