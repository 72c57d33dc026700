import type { Column, Schema, VNode } from '../../kit.ts';
import {
  Badge,
  Badges,
  Bytes,
  Count,
  countOf,
  Digest,
  formatBytes,
  formatNumber,
  formatPlatform,
  Link,
  linkToImage,
  Text,
  Time,
  visibleText,
} from '../../kit.ts';

type Row = Schema<'TagRow'>;

/** The columns of tags, each of what `docker images` would say and more. */
export function tagColumns(repository: string): readonly Column<Row>[] {
  return [
    {
      name: 'name',
      head: 'Tag',
      isSorted: true,
      isHead: true,
      cell: (row) => <Name repository={repository} row={row} />,
    },
    { name: 'digest', head: 'Digest', cell: ({ digest }) => <Digest of={digest} /> },
    { name: 'pushed', head: 'Pushed', isSorted: true, cell: ({ pushedAt }) => <Time at={pushedAt} /> },
    { name: 'pulled', head: 'Last pull', isSorted: true, cell: ({ lastPull }) => <Time at={lastPull} /> },
    { name: 'pulls', head: 'Pulls, 30 days', isNumber: true, cell: ({ pulls30d }) => <Count of={pulls30d} /> },
    {
      name: 'size',
      head: 'Size, as pulled',
      isSorted: true,
      isNumber: true,
      cell: ({ bytes }) => <Bytes of={bytes} />,
    },
    { name: 'unique', head: 'Its own', isNumber: true, cell: ({ uniqueBytes }) => <Bytes of={uniqueBytes} /> },
    { name: 'platforms', head: 'Platforms', cell: platformsOf },
    { name: 'about', head: 'About', cell: aboutOf },
  ];
}

function Name({ repository, row }: { readonly repository: string; readonly row: Row }): VNode {
  return (
    <>
      <Link href={linkToImage(repository, row.name)}>
        <Text of={row.name} />
      </Link>
      <Aliases of={row} />
    </>
  );
}

/** The other tags of the same image. There may be hundreds: the registry names some, and counts them all. */
function Aliases({ of: { aliases, aliasCount } }: { readonly of: Row }): VNode | null {
  const [first, ...others] = aliases;
  if (first === undefined) return null;
  const begin = (
    <>
      {' '}
      = <Text of={first} />
    </>
  );
  if (aliasCount === 1)
    return (
      <span class="soft aliases" title={`The same image: ${visibleText(first)}`}>
        {begin}
      </span>
    );
  const unnamed = aliasCount - aliases.length;
  return (
    <details class="soft aliases">
      <summary>
        {begin}
        {` and ${formatNumber(aliasCount - 1)} more`}
      </summary>
      <Text of={others.join(', ')} />
      {unnamed > 0 ? ` and ${formatNumber(unnamed)} more` : ''}
    </details>
  );
}

export function platformsOf({ platforms }: Pick<Row, 'platforms'>): VNode | null {
  if (platforms.length === 0) return null;
  return (
    <ul class="chips">
      {platforms.map((platform, at) => (
        <li key={at} title={platform.bytes === undefined ? undefined : formatBytes(platform.bytes)}>
          <Text of={formatPlatform(platform)} />
        </li>
      ))}
    </ul>
  );
}

/** An image's artifact type is that of its config, and says nothing more. */
const imageConfig = /^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)\.v1\+json$/;

function aboutOf({ artifactType, attestations, badges, regions }: Row): VNode {
  return (
    <span class="badges">
      {artifactType === undefined || imageConfig.test(artifactType) ? null : (
        <Badge title="The type of the artifact">
          <Text of={artifactType} />
        </Badge>
      )}
      {attestations === 0 ? null : (
        <Badge title="Attestations in its index">{countOf(attestations, 'attestation')}</Badge>
      )}
      <Badges of={badges} />
      {regions === undefined ? null : (
        <Badge looks={regions.complete < regions.total ? 'warn' : 'good'} title="Regions that have all of it">
          {`${regions.complete} of ${regions.total} regions`}
        </Badge>
      )}
    </span>
  );
}
