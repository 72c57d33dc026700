import type { Schema, VNode } from '../../kit.ts';
import { Card, formatReference, Link, linkToImage, Text, Time } from '../../kit.ts';

/** The last pushes. */
export function RecentPushes({ of }: { readonly of: NonNullable<Schema<'Overview'>['recentPushes']> }): VNode {
  return (
    <Card title="Last pushes">
      {of.length === 0 ? <p class="soft">There was none yet.</p> : null}
      <ul>
        {of.map(({ repository, tag, digest, at }) => (
          <li key={`${repository} ${tag ?? digest}`} data-row>
            <span class="row-head">
              <Link href={linkToImage(repository, tag ?? digest)}>
                <Text of={formatReference(repository, tag ?? digest)} />
              </Link>
            </span>{' '}
            <span class="soft">
              <Time at={at} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
