import type { Column, Schema, VNode } from '../kit.ts';
import {
  answered,
  api,
  ApiFailure,
  attempt,
  Button,
  Bytes,
  confirmed,
  countOf,
  Dialog,
  Digest,
  Empty,
  Filter,
  fromStart,
  given,
  isWhole,
  PageHead,
  Pager,
  placeIn,
  Show,
  Table,
  Text,
  Time,
  toast,
  useLoaded,
  usePageQuery,
  useState,
  whyNot,
} from '../kit.ts';

type Deletion = Schema<'BinDeletion'>;
type Entry = Schema<'BinEntry'>;

const write = 'management/write';
/** Each costs the registry a query of its own. */
const deletionsOnPage = 25;
/** More entries of one deletion are counted, not drawn. */
const mostEntries = 500;

async function loadBin(repository: string | undefined, after: string | undefined, signal: AbortSignal) {
  const query = given({ limit: deletionsOnPage, continuation: after, repository });
  return answered(api.GET('/bin/deletions', { params: { query }, signal }));
}

/** Restores a deletion, and tells what has come back. */
async function restore({ group, repository }: Deletion, reload: () => void): Promise<void> {
  await attempt(async () => {
    const back = await answered(api.POST('/bin/restore', { body: { group, repository } }));
    const taken = back.taken.length === 0 ? '' : `; ${countOf(back.taken.length, 'tag')} is in use by another image`;
    toast(`${countOf(back.manifests.length, 'manifest')} and ${countOf(back.tags.length, 'tag')} are back${taken}.`);
  });
  reload();
}

/** Returns what the bin has of a deletion; undefined where it has nothing. */
async function inBin(path: { readonly group: string }, repository: string) {
  try {
    return await answered(api.GET('/bin/{group}', { params: { path, query: { repository } } }));
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return undefined;
    throw error;
  }
}

async function purge({ group, repository }: Deletion, reload: () => void): Promise<void> {
  const path = { group };
  let there: Awaited<ReturnType<typeof inBin>>;
  if (!(await attempt(async () => (there = await inBin(path, repository))))) return;
  if (there === undefined) return void toast('This deletion is not in the recycle bin any more.', { kind: 'failed' });
  const isSure = await confirmed({
    title: 'Purge for good',
    confirm: `Purge ${countOf(there.count, 'entry', 'entries')}`,
    isDanger: true,
    body: (
      <p>
        {countOf(there.count, 'entry', 'entries')} of <Text of={repository} /> can never be restored after this.
      </p>
    ),
  });
  if (!isSure) return;
  const body = { group, repository, count: there.count };
  await attempt(() => answered(api.POST('/bin/purge', { body })), 'The deletion is purged.');
  reload();
}

/** The recycle bin: what was deleted, until when it can be restored, and by whom. */
export function BinPage(): VNode {
  const query = usePageQuery();
  const [repository, after] = [query.get('repository'), placeIn(query).continuation];
  const loaded = useLoaded(`bin ${repository ?? ''} ${after ?? ''}`, (signal) => loadBin(repository, after, signal));
  const [open, setOpen] = useState<Deletion>();
  return (
    <>
      <PageHead title="Recycle bin" />
      <div class="bar">
        <Filter
          label="Repository"
          hint="A repository, as team/app"
          value={repository ?? ''}
          onFilter={(value) => query.set({ ...fromStart, repository: value || undefined }, { replace: true })}
        />
      </div>
      <Show of={loaded}>
        {({ items, nextLink }) => (
          <>
            {items.length === 0 && isWhole(query, nextLink) ? (
              <Empty title="Nothing is in the recycle bin.">
                <p>What is deleted is kept here until its retention ends, and can be restored as it was.</p>
              </Empty>
            ) : (
              <Table
                label="Deletions"
                columns={columnsOf(loaded.reload, setOpen)}
                rows={items}
                keyOf={({ repository: name, group }) => `${name} ${group}`}
              />
            )}
            <Pager query={query} shown={undefined} total={undefined} nextLink={nextLink} />
          </>
        )}
      </Show>
      {open === undefined ? null : <Details of={open} onClose={() => setOpen(undefined)} />}
    </>
  );
}

function columnsOf(reload: () => void, open: (deletion: Deletion) => void): readonly Column<Deletion>[] {
  return [
    {
      name: 'what',
      head: 'Deleted',
      isHead: true,
      cell: (row) => (
        <button type="button" class="link" onClick={() => open(row)}>
          <What of={row} />
        </button>
      ),
    },
    { name: 'repository', head: 'Repository', cell: ({ repository }) => <Text of={repository} /> },
    { name: 'at', head: 'When', cell: ({ recycledAt }) => <Time at={recycledAt} /> },
    { name: 'by', head: 'By', cell: ({ by }) => <By of={by} /> },
    { name: 'purge', head: 'Kept until', cell: ({ purgeAt }) => <Time at={purgeAt} /> },
    {
      name: 'bytes',
      head: 'Manifests',
      isNumber: true,
      cell: ({ bytes, isAtLeast }) => (
        <>
          {isAtLeast === true ? 'at least ' : ''}
          <Bytes of={bytes} />
        </>
      ),
    },
    {
      name: 'actions',
      head: 'Actions',
      cell: (row) => (
        <div class="actions">
          <Button kind="primary" disabledWhy={whyNot(write)} onPress={() => restore(row, reload)}>
            Restore
          </Button>
          <Button kind="danger" disabledWhy={whyNot(write)} onPress={() => purge(row, reload)}>
            Purge
          </Button>
        </div>
      ),
    },
  ];
}

function What({ of: { tags, manifests, someTags } }: { readonly of: Deletion }): VNode {
  const [first] = someTags;
  if (first === undefined) return <>{countOf(manifests, 'manifest')}</>;
  return (
    <>
      <Text of={first} />
      {tags === 1 ? '' : ` and ${countOf(tags - 1, 'tag')} more`}
      {manifests === 0 ? '' : `, ${countOf(manifests, 'manifest')}`}
    </>
  );
}

function By({ of: { actor, rule } }: { readonly of: Deletion['by'] }): VNode {
  return (
    <>
      <Text of={actor} />
      {rule === undefined ? null : (
        <>
          {' by rule '}
          <Text of={rule} />
        </>
      )}
    </>
  );
}

function Details({ of: { group, repository }, onClose }: { of: Deletion; onClose: () => void }): VNode {
  const loaded = useLoaded(`deletion ${group}`, (signal) =>
    answered(api.GET('/bin/{group}', { params: { path: { group }, query: { repository } }, signal })),
  );
  const columns: Column<Entry>[] = [
    { name: 'kind', head: 'Kind', cell: ({ kind, asked }) => (asked ? kind : `${kind}, along with it`) },
    { name: 'tag', head: 'Tag', isHead: true, cell: ({ tag }) => (tag === undefined ? '–' : <Text of={tag} />) },
    { name: 'digest', head: 'Digest', cell: ({ digest }) => <Digest of={digest} /> },
  ];
  return (
    <Dialog title="What was deleted" onClose={onClose}>
      <Show of={loaded}>
        {({ items, count }) => (
          <>
            {count > mostEntries ? <p>{`The first ${mostEntries} of ${countOf(count, 'entry', 'entries')}.`}</p> : null}
            <Table
              label="Entries"
              columns={columns}
              rows={items.slice(0, mostEntries)}
              keyOf={({ kind, digest, tag }) => `${kind} ${digest} ${tag ?? ''}`}
            />
          </>
        )}
      </Show>
    </Dialog>
  );
}
