import type { Column, PageQuery, Schema, VNode } from '../kit.ts';
import {
  answered,
  api,
  Badge,
  Bytes,
  CommandLine,
  Count,
  Empty,
  Filter,
  fromStart,
  given,
  isWhole,
  Link,
  linkTo,
  linkToTags,
  PageHead,
  Pager,
  pageSize,
  placeIn,
  Show,
  Table,
  Tabs,
  Text,
  Time,
  useLoaded,
  usePageQuery,
} from '../kit.ts';

type Row = Schema<'RepositoryRow'>;
type Order = 'name' | 'pushed' | 'pulled' | 'size';

const columns: readonly Column<Row>[] = [
  {
    name: 'name',
    head: 'Repository',
    isSorted: true,
    isHead: true,
    cell: ({ name, attributes }) => (
      <>
        <Link href={linkToTags(name)}>
          <Text of={name} />
        </Link>{' '}
        {Object.values(attributes).includes(false) ? (
          <Badge title="An attribute forbids something here.">locked</Badge>
        ) : null}
      </>
    ),
  },
  { name: 'tags', head: 'Tags', isNumber: true, cell: ({ tags }) => <Count of={tags} /> },
  { name: 'size', head: 'Size', isSorted: true, isNumber: true, cell: ({ bytes }) => <Bytes of={bytes} /> },
  { name: 'unique', head: 'Its own', isNumber: true, cell: ({ uniqueBytes }) => <Bytes of={uniqueBytes} /> },
  { name: 'pushed', head: 'Last push', isSorted: true, cell: ({ lastPush }) => <Time at={lastPush} /> },
  { name: 'pulled', head: 'Last pull', isSorted: true, cell: ({ lastPull }) => <Time at={lastPull} /> },
  { name: 'pulls', head: 'Pulls', isNumber: true, cell: ({ pulls }) => <Count of={pulls} /> },
];

/** All repositories, by folders or as a list. */
export function RepositoriesPage(): VNode {
  const query = usePageQuery();
  const isTree = query.get('view') === 'tree';
  return (
    <>
      <PageHead title="Repositories" />
      <Tabs
        label="Views of the repositories"
        tabs={[
          { label: 'List', href: linkTo('/repositories'), isHere: !isTree },
          { label: 'Folders', href: linkTo('/repositories', { view: 'tree' }), isHere: isTree },
        ]}
      />
      {isTree ? <Tree query={query} /> : <List query={query} />}
    </>
  );
}

function List({ query }: { readonly query: PageQuery }): VNode {
  const [search, prefix] = [query.get('search'), query.get('prefix')];
  const sort = (query.get('sort') ?? 'name') as Order;
  const isDescending = (query.get('order') ?? (sort === 'name' ? 'asc' : 'desc')) === 'desc';
  const { continuation } = placeIn(query);
  const order: 'asc' | 'desc' = isDescending ? 'desc' : 'asc';
  const asked = given({ prefix, search, sort, order, continuation, limit: pageSize });
  const loaded = useLoaded(
    JSON.stringify(asked),
    (signal) => answered(api.GET('/repositories', { params: { query: asked }, signal })),
    { about: 'repositories' },
  );
  return (
    <>
      <div class="bar">
        <Filter
          label="Filter the repositories"
          hint="Part of a name, or a pattern with *"
          value={search ?? ''}
          onFilter={(text) => query.set({ ...fromStart, search: text }, { replace: true })}
        />
        {prefix === undefined ? null : (
          <span>
            below <Text of={prefix} /> · <Link href={linkTo('/repositories', { search })}>everywhere</Link>
          </span>
        )}
      </div>
      <Show of={loaded}>
        {({ items, total, totalIsAtLeast, nextLink }) =>
          items.length === 0 && isWhole(query, nextLink) ? (
            <NoRepositories isFiltered={search !== undefined || prefix !== undefined} />
          ) : (
            <>
              <Table
                label="Repositories"
                columns={columns}
                rows={items}
                keyOf={({ name }) => name}
                sorting={{
                  by: sort,
                  isDescending,
                  onSort: (by, down) => query.set({ ...fromStart, sort: by, order: down ? 'desc' : 'asc' }),
                }}
              />
              <Pager query={query} shown={items.length} total={total} isAtLeast={totalIsAtLeast} nextLink={nextLink} />
            </>
          )
        }
      </Show>
    </>
  );
}

function NoRepositories({ isFiltered }: { readonly isFiltered: boolean }): VNode {
  return isFiltered ? (
    <Empty title="No repository matches.">
      <p>
        A pattern has * for any characters. <Link href={linkTo('/repositories')}>Show all repositories</Link>
      </p>
    </Empty>
  ) : (
    <Empty title="There is no repository yet. The first push makes it:">
      <CommandLine text={`docker push ${location.host}/team/app:1.0`} />
    </Empty>
  );
}

/** One level of the names: folders and repositories. */
function Tree({ query }: { readonly query: PageQuery }): VNode {
  const prefix = query.get('prefix');
  const { continuation } = placeIn(query);
  const asked = given({ prefix, continuation, limit: pageSize });
  const loaded = useLoaded(JSON.stringify(asked), (signal) =>
    answered(api.GET('/repositories/tree', { params: { query: asked }, signal })),
  );
  return (
    <>
      <Crumbs prefix={prefix ?? ''} />
      <Show of={loaded}>
        {({ items, nextLink }) =>
          items.length === 0 ? (
            <NoRepositories isFiltered={prefix !== undefined} />
          ) : (
            <>
              <ul class="tree">
                {items.map(({ name, kind }) => (
                  <li key={`${kind} ${name}`} data-row>
                    <span class="row-head">
                      <Link
                        href={
                          kind === 'folder' ? linkTo('/repositories', { view: 'tree', prefix: name }) : linkToTags(name)
                        }
                      >
                        <Text of={name.slice(prefix?.length ?? 0)} />
                      </Link>
                    </span>
                  </li>
                ))}
              </ul>
              <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
            </>
          )
        }
      </Show>
    </>
  );
}

function Crumbs({ prefix }: { readonly prefix: string }): VNode {
  const parts = prefix.split('/').filter(Boolean);
  return (
    <nav class="bar" aria-label="Folders above">
      <Link href={linkTo('/repositories', { view: 'tree' })}>All</Link>
      {parts.map((part, at) => (
        <span key={at}>
          /{' '}
          <Link href={linkTo('/repositories', { view: 'tree', prefix: `${parts.slice(0, at + 1).join('/')}/` })}>
            <Text of={part} />
          </Link>
        </span>
      ))}
      {prefix === '' ? null : <Link href={linkTo('/repositories', { prefix })}>as a list with sizes</Link>}
    </nav>
  );
}
