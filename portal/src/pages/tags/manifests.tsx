import type { Column, PageQuery, Schema, VNode } from '../../kit.ts';
import {
  answered,
  api,
  beginBulk,
  bulksEnded,
  Button,
  Bytes,
  confirmed,
  Copy,
  Empty,
  fromStart,
  given,
  isWhole,
  Link,
  linkToImage,
  Pager,
  pageSize,
  placeIn,
  shortDigest,
  Show,
  Table,
  Text,
  Time,
  useLoaded,
  whyNot,
} from '../../kit.ts';
import { BulksUnderWay } from './bulk-bar.tsx';
import { platformsOf } from './columns.tsx';

type Row = Schema<'ManifestRow'>;

interface ManifestsProps {
  readonly repository: string;
  readonly kind: 'all' | 'untagged' | 'referrers';
  readonly query: PageQuery;
}

const emptyTitles = {
  all: 'This repository has no manifest.',
  untagged: 'Everything here has a tag, or belongs to something that has one.',
  referrers: 'Nothing here refers to something else: there is no signature, SBOM or attestation.',
};

/** The manifests of a repository, by their digests. */
export function Manifests({ repository, kind, query }: ManifestsProps): VNode {
  const order: 'asc' | 'desc' = query.get('order') === 'asc' ? 'asc' : 'desc';
  const asked = given({ repository, kind, sort: 'pushed' as const, order, ...placeIn(query), limit: pageSize });
  const { page: _, ...sent } = asked;
  const loaded = useLoaded(
    JSON.stringify([sent, bulksEnded.value]),
    (signal) => answered(api.GET('/repositories/manifests', { params: { query: given(sent) }, signal })),
    { about: `${repository} ${kind}` },
  );
  return (
    <>
      {kind === 'untagged' ? <Untagged repository={repository} /> : null}
      <Show of={loaded}>
        {({ items, nextLink }) =>
          items.length === 0 && isWhole(query, nextLink) ? (
            <Empty title={emptyTitles[kind]} />
          ) : (
            <>
              <Table
                label="Manifests"
                columns={columnsOf(repository)}
                rows={items}
                keyOf={({ digest }) => digest}
                sorting={{
                  by: 'pushed',
                  isDescending: order === 'desc',
                  onSort: (_by, down) => query.set({ ...fromStart, order: down ? 'desc' : 'asc' }),
                }}
              />
              <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
            </>
          )
        }
      </Show>
    </>
  );
}

/** Deletes all that has no tag and belongs to nothing. */
function Untagged({ repository }: { readonly repository: string }): VNode {
  const remove = async () => {
    const isSure = await confirmed({
      title: 'Delete all untagged manifests?',
      body: <p>Everything goes that has no tag and that no index lists. It can be undone.</p>,
      confirm: 'Delete all untagged',
      isDanger: true,
    });
    if (isSure) await beginBulk({ repository, untagged: true });
  };
  return (
    <>
      <div class="bar bulk">
        <Button kind="danger" onPress={remove} disabledWhy={whyNot('management/write')}>
          Delete all untagged …
        </Button>
      </div>
      <BulksUnderWay repository={repository} />
    </>
  );
}

function columnsOf(repository: string): readonly Column<Row>[] {
  return [
    {
      name: 'digest',
      head: 'Digest',
      isHead: true,
      cell: ({ digest }) => (
        <>
          <Link href={linkToImage(repository, digest)}>
            <code title={digest}>{shortDigest(digest)}</code>
          </Link>
          <Copy text={digest} what="the digest" />
        </>
      ),
    },
    { name: 'type', head: 'Type', cell: ({ artifactType, mediaType }) => <Text of={artifactType ?? mediaType} /> },
    { name: 'tags', head: 'Tags', cell: (row) => <TagsOf repository={repository} row={row} /> },
    { name: 'platforms', head: 'Platforms', cell: platformsOf },
    {
      name: 'subject',
      head: 'Refers to',
      cell: ({ subject }) =>
        subject === undefined ? null : (
          <Link href={linkToImage(repository, subject)}>
            <code title={subject}>{shortDigest(subject)}</code>
          </Link>
        ),
    },
    { name: 'size', head: 'Size, as pulled', isNumber: true, cell: ({ bytes }) => <Bytes of={bytes} /> },
    { name: 'pushed', head: 'Pushed', isSorted: true, cell: ({ pushedAt }) => <Time at={pushedAt} /> },
  ];
}

function TagsOf({ repository, row: { tags, tagCount } }: { readonly repository: string; readonly row: Row }): VNode {
  return (
    <>
      {tags.map((tag, at) => (
        <span key={tag}>
          {at === 0 ? '' : ', '}
          <Link href={linkToImage(repository, tag)}>
            <Text of={tag} />
          </Link>
        </span>
      ))}
      {tagCount > tags.length ? ` and ${tagCount - tags.length} more` : ''}
    </>
  );
}
