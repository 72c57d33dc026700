import type { Column, Schema, VNode } from '../../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  confirmed,
  Count,
  countOf,
  Empty,
  pageFrom,
  Pager,
  placeIn,
  Show,
  Table,
  Text,
  Time,
  useLoaded,
  usePageQuery,
  whyNot,
} from '../../kit.ts';

type InUse = Schema<'InUse'>;

/** The reports of clusters and tools of which images they use: no policy removes those meanwhile. */
export function InUseReports(): VNode {
  const query = usePageQuery();
  const after = placeIn(query).continuation;
  const loaded = useLoaded(`in use ${after ?? ''}`, (signal) =>
    answered(api.GET('/in-use', { params: { query: pageFrom(after) }, signal })),
  );
  return (
    <Show of={loaded}>
      {({ items, nextLink }) =>
        items.length === 0 ? (
          <Empty title="Nobody has reported what is in use.">
            <p>
              A cluster reports which images it runs, again and again, and no policy removes those. docs/purge.md has
              the script for Kubernetes; longshore in-use put does it by hand.
            </p>
          </Empty>
        ) : (
          <>
            <Table
              label="Reports of use"
              columns={columnsOf(loaded.reload)}
              rows={items}
              keyOf={({ source }) => source}
            />
            <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
          </>
        )
      }
    </Show>
  );
}

function columnsOf(reload: () => void): readonly Column<InUse>[] {
  const remove = async ({ source, digests }: InUse) => {
    const body = (
      <p>{`${countOf(digests, 'image')} may be purged then, if a policy says so and no other source uses them.`}</p>
    );
    if (!(await confirmed({ title: `Delete the report of ${source}`, confirm: 'Delete', isDanger: true, body })))
      return;
    const params = { path: { source } };
    await attempt(() => answered(api.DELETE('/in-use/{source}', { params })), 'The report is deleted.');
    reload();
  };
  return [
    { name: 'source', head: 'Source', isHead: true, cell: ({ source }) => <Text of={source} /> },
    { name: 'images', head: 'Images', isNumber: true, cell: ({ digests }) => <Count of={digests} /> },
    { name: 'at', head: 'Reported', cell: ({ updatedAt }) => <Time at={updatedAt} /> },
    { name: 'until', head: 'Kept until', cell: ({ expiresAt }) => <Time at={expiresAt} /> },
    {
      name: 'do',
      head: 'Actions',
      cell: (each) => (
        <Button
          kind="danger"
          label={`Delete the report of ${each.source}`}
          disabledWhy={whyNot('management/write')}
          onPress={() => remove(each)}
        >
          Delete
        </Button>
      ),
    },
  ];
}
