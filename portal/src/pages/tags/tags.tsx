import type { PageQuery, Schema, Selection, VNode } from '../../kit.ts';
import {
  answered,
  api,
  beginBulk,
  bulksEnded,
  CommandLine,
  DeletionDialog,
  Empty,
  Filter,
  fromStart,
  given,
  isWhole,
  Link,
  linkToTags,
  Pager,
  pageSize,
  placeIn,
  Show,
  Table,
  useLoaded,
  useMemo,
  useSelection,
  useState,
} from '../../kit.ts';
import type { Content } from './bulk-bar.tsx';
import { BulkBar, BulksUnderWay } from './bulk-bar.tsx';
import { ByAge } from './by-age.tsx';
import { tagColumns } from './columns.tsx';

interface TagsProps {
  readonly repository: string;
  readonly query: PageQuery;
}

function askedBy(repository: string, query: PageQuery) {
  const sort = (query.get('sort') ?? 'name') as 'name' | 'pushed' | 'pulled' | 'size';
  const order: 'asc' | 'desc' = (query.get('order') ?? (sort === 'name' ? 'asc' : 'desc')) === 'desc' ? 'desc' : 'asc';
  const { continuation } = placeIn(query);
  return given({ repository, search: query.get('search'), sort, order, continuation, limit: pageSize });
}

/** The list of tags. Sorting, searching and counting are the registry's: they are of all tags, not of this page. */
export function Tags({ repository, query }: TagsProps): VNode {
  const asked = askedBy(repository, query);
  const loaded = useLoaded(
    JSON.stringify([asked, bulksEnded.value]),
    (signal) => answered(api.GET('/repositories/tags', { params: { query: asked }, signal })),
    { about: repository },
  );
  const selection = useSelection();
  const columns = useMemo(() => tagColumns(repository), [repository]);
  const { search, sort, order } = asked;
  return (
    <>
      <div class="bar">
        <Filter
          label="Filter the tags"
          hint="The beginning of a tag, or a pattern with *"
          value={search ?? ''}
          onFilter={(text) => query.set({ ...fromStart, search: text }, { replace: true })}
        />
      </div>
      <BulksUnderWay repository={repository} />
      <Show of={loaded}>
        {(page) =>
          page.items.length === 0 && isWhole(query, page.nextLink) ? (
            <NoTags repository={repository} search={search} />
          ) : (
            <>
              <Deleting repository={repository} search={search} selection={selection} page={page} />
              <Table
                label="Tags"
                columns={columns}
                rows={page.items}
                keyOf={({ name }) => name}
                selection={selection}
                sorting={{
                  by: sort,
                  isDescending: order === 'desc',
                  onSort: (by, down) => query.set({ ...fromStart, sort: by, order: down ? 'desc' : 'asc' }),
                }}
              />
              <Pager
                query={query}
                shown={page.items.length}
                total={page.total}
                isAtLeast={page.totalIsAtLeast}
                nextLink={page.nextLink}
              />
            </>
          )
        }
      </Show>
    </>
  );
}

interface DeletingProps {
  readonly repository: string;
  readonly search: string | undefined;
  readonly selection: Selection;
  readonly page: Schema<'TagRows'>;
}

/** Deletes the selected tags. One tag is asked about in full; of many their number is. */
function Deleting({ repository, search, selection, page }: DeletingProps): VNode {
  const [one, setOne] = useState<string>();
  const begin = async (content: Content) => {
    setOne(undefined);
    selection.clear();
    await beginBulk({ repository, ...content });
  };
  return (
    <>
      <BulkBar
        selection={selection}
        total={page.total}
        isAtLeast={page.totalIsAtLeast === true}
        search={search}
        onOne={setOne}
        onMany={begin}
      >
        <ByAge repository={repository} search={search} onMany={begin} />
      </BulkBar>
      {one === undefined ? null : (
        <DeletionDialog
          repository={repository}
          reference={one}
          onClose={() => setOne(undefined)}
          onDelete={() => {
            setOne(undefined);
            selection.clear();
          }}
        />
      )}
    </>
  );
}

function NoTags({ repository, search }: { readonly repository: string; readonly search: string | undefined }): VNode {
  return search === undefined ? (
    <Empty title="This repository has no tag. A push makes one:">
      <CommandLine text={`docker push ${location.host}/${repository}:1.0`} />
      <Link href={linkToTags(repository, { view: 'untagged' })}>Look at what has no tag</Link>
    </Empty>
  ) : (
    <Empty title="No tag matches.">
      <Link href={linkToTags(repository)}>Show all tags</Link>
    </Empty>
  );
}
