import type { Column, Schema, VNode } from '../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  Count,
  countOf,
  Empty,
  Link,
  linkTo,
  pageFrom,
  PageHead,
  Pager,
  placeIn,
  Show,
  ShowAnswer,
  Table,
  Tabs,
  Text,
  TextField,
  Time,
  useAnswer,
  useLoaded,
  usePageQuery,
  useState,
  whyNot,
} from '../kit.ts';
import { BuildPolicies } from './builds/policies.tsx';
import { Tasks } from './builds/tasks.tsx';

type Build = Awaited<ReturnType<typeof loadBuilds>>['items'][number];

const write = 'management/write';

function loadBuilds(after: string | undefined, signal: AbortSignal) {
  return answered(api.GET('/builds', { params: { query: pageFrom(after) }, signal }));
}

const views = [
  ['', 'Builds'],
  ['policies', 'Policies'],
  ['tasks', 'Tasks'],
] as const;

/** The builds, and what they follow from: policies and tasks. */
export function BuildsPage(): VNode {
  const view = usePageQuery().get('view') ?? '';
  const tabs = views.map(([key, label]) => ({ href: linkTo('/builds', { view: key }), label, isHere: key === view }));
  return (
    <>
      <PageHead title="Builds" />
      <Tabs label="Views of builds" tabs={tabs} />
      {view === 'policies' ? <BuildPolicies /> : view === 'tasks' ? <Tasks /> : <Builds />}
    </>
  );
}

/** The builds: what follows from updates of bases, and why an image was not made. */
function Builds(): VNode {
  const query = usePageQuery();
  const after = placeIn(query).continuation;
  const everyMs = after === undefined ? 3_000 : undefined;
  const loaded = useLoaded(`builds ${after ?? ''}`, (signal) => loadBuilds(after, signal), { everyMs });
  return (
    <>
      <div class="cards">
        <WhyNot />
        <DryRun />
      </div>
      <Show of={loaded}>
        {({ items, nextLink }) =>
          items.length === 0 ? (
            <Empty title="Nothing was built.">
              <p>A build follows from the update of a base that images here are built on, or from the run of a task.</p>
            </Empty>
          ) : (
            <>
              <Table label="Builds" columns={columnsOf(loaded.reload)} rows={items} keyOf={({ id }) => id} />
              <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
            </>
          )
        }
      </Show>
    </>
  );
}

function columnsOf(reload: () => void): readonly Column<Build>[] {
  return [
    {
      name: 'of',
      head: 'Follows from',
      isHead: true,
      cell: ({ id, updates: [first, ...more] }) => (
        <Link href={linkTo('/build', { id })}>
          <Text of={first?.image ?? id} />
          {more.length === 0 ? '' : ` and ${more.length} more`}
        </Link>
      ),
    },
    { name: 'state', head: 'State', cell: (build) => <BuildState of={build} /> },
    { name: 'images', head: 'Images', isNumber: true, cell: ({ images }) => <Count of={images} /> },
    { name: 'failed', head: 'Failed', isNumber: true, cell: ({ counts }) => <Count of={counts?.failed} /> },
    { name: 'at', head: 'Begun', cell: ({ createdAt }) => <Time at={createdAt} /> },
    { name: 'end', head: 'Ended', cell: ({ endedAt }) => <Time at={endedAt} /> },
    { name: 'actions', head: 'Actions', cell: (build) => <BuildActions of={build} reload={reload} /> },
  ];
}

export function BuildState({ of: { state, counts, cancelledAt } }: { readonly of: Build }): VNode {
  if (cancelledAt !== undefined) return <span class="badge">cancelled</span>;
  if (state !== 'finished') return <span class="badge warn">{state}</span>;
  const failed = (counts?.failed ?? 0) + (counts?.stopped ?? 0);
  return failed === 0 ? <span class="badge good">done</span> : <span class="badge bad">failed</span>;
}

/** Cancels a build that is under way, or tries one again that has failed. */
export function BuildActions({ of, reload }: { readonly of: Build; readonly reload: () => void }): VNode {
  const params = { path: { build: of.id } };
  const cancel = async () => {
    await attempt(() => answered(api.POST('/builds/{build}/cancel', { params })), 'The build is being cancelled.');
    reload();
  };
  const retry = async () => {
    await attempt(() => answered(api.POST('/builds/{build}/retry', { params })), 'What failed is built again.');
    reload();
  };
  const isOver = of.state === 'finished';
  const hasFailed = (of.counts?.failed ?? 0) + (of.counts?.stopped ?? 0) > 0 || of.cancelledAt !== undefined;
  return (
    <div class="actions">
      <Button disabledWhy={whyNot(write) ?? (isOver ? 'It has ended.' : undefined)} onPress={cancel}>
        Cancel
      </Button>
      <Button
        disabledWhy={
          whyNot(write) ?? (isOver ? (hasFailed ? undefined : 'Nothing of it failed.') : 'It has not ended.')
        }
        onPress={retry}
      >
        Retry
      </Button>
    </div>
  );
}

interface Reason {
  readonly why: string;
  readonly reason: string;
  readonly build?: string;
}

/** Answers why an image was not made anew when its base was updated. */
function WhyNot(): VNode {
  const [image, setImage] = useState('');
  const [base, setBase] = useState('');
  const answer = useAnswer<Reason>(image, base);
  const look = (event: Event) => {
    event.preventDefault();
    answer.ask((signal) => answered(api.GET('/builds/explain', { params: { query: { image, base } }, signal })));
  };
  return (
    <form class="card" aria-label="Why was an image not built?" onSubmit={look}>
      <h2>Why was an image not built?</h2>
      <div class="bar">
        <TextField label="Image" value={image} onValue={setImage} placeholder="team/app:1" />
        <TextField label="Base" value={base} onValue={setBase} placeholder="base:1" />
        <button type="submit" class="button plain">
          Explain
        </button>
      </div>
      <ShowAnswer of={answer}>
        {({ reason, why, build }) => (
          <p>
            <span class="badge">{reason}</span> <Text of={why} />{' '}
            {build === undefined ? null : <Link href={linkTo('/build', { id: build })}>Open the build</Link>}
          </p>
        )}
      </ShowAnswer>
    </form>
  );
}

/** Lists what would be built anew if a base were updated now, without building anything. */
function DryRun(): VNode {
  const [base, setBase] = useState('');
  const answer = useAnswer<Schema<'BuildDryRun'>>(base);
  const look = (event: Event) => {
    event.preventDefault();
    answer.ask((signal) => answered(api.GET('/builds/dry-run', { params: { query: { base } }, signal })));
  };
  return (
    <form class="card" aria-label="What would be built?" onSubmit={look}>
      <h2>What would be built?</h2>
      <div class="bar">
        <TextField label="If this were updated" value={base} onValue={setBase} placeholder="base:1" />
        <button type="submit" class="button plain">
          Look
        </button>
      </div>
      <ShowAnswer of={answer}>
        {({ items }) => (
          <>
            <p>
              {items.length === 0
                ? 'Nothing would be built. Ask beside this why an image of yours would not.'
                : `${countOf(items.length, 'image')}, in this order. An image that is not here: ask beside this why.`}
            </p>
            {items.length === 0 ? null : (
              <Table label="What would be built" columns={dryColumns} rows={items} keyOf={({ image }) => image} />
            )}
          </>
        )}
      </ShowAnswer>
    </form>
  );
}

const dryColumns: readonly Column<Schema<'BuildDryRun'>['items'][number]>[] = [
  { name: 'image', head: 'Image', isHead: true, cell: ({ image }) => <Text of={image} /> },
  { name: 'mode', head: 'Is', cell: ({ mode }) => modes[mode] ?? mode },
  { name: 'by', head: 'By', cell: ({ by }) => <Text of={by} /> },
  { name: 'after', head: 'After', cell: ({ after }) => <Text of={after.join(', ') || '–'} /> },
];

const modes: Readonly<Record<string, string>> = {
  rebase: 'put on the new base',
  rebuild: 'built again',
  'rebase-else-rebuild': 'put on the new base, or built again',
  notify: 'told of alone',
};
