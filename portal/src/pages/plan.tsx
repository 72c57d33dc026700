import type { Column, VNode } from '../kit.ts';
import {
  answered,
  api,
  ApiFailure,
  attempt,
  Button,
  Bytes,
  confirmed,
  countOf,
  Digest,
  Empty,
  formatBytes,
  formatDay,
  fromStart,
  given,
  Link,
  linkTo,
  linkToImage,
  PageHead,
  Pager,
  placeIn,
  Show,
  Table,
  Text,
  Time,
  toast,
  useEffect,
  useLoaded,
  usePageQuery,
  useRef,
  useState,
  whyNot,
} from '../kit.ts';

type Plan = NonNullable<Awaited<ReturnType<typeof loadPlan>>>;
type Item = Plan['items'][number];

const write = 'management/write';

/** Returns the newest plan of a policy; `undefined` if it has none yet. */
async function loadPlan(name: string, after: string | undefined, signal: AbortSignal) {
  const query = given({ continuation: after });
  try {
    return await answered(api.GET('/purge/policies/{name}/plan', { params: { path: { name }, query }, signal }));
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404 && error.code === 'purgePlanNotFound') return undefined;
    throw error;
  }
}

/**
 * Makes a plan. While the registry is still marking what the rules changed, it is asked again until it can plan, or until
 * the page is left.
 */
function usePlanner(policy: string, onMade: () => void) {
  const [isLooking, setLooking] = useState(false);
  const isGone = useRef(false);
  useEffect(() => () => void (isGone.current = true), []);
  const request = () => answered(api.POST('/purge/policies/{name}/plan', { params: { path: { name: policy } } }));
  const make = async () => {
    await attempt(async () => {
      let made = await request();
      if ('looking' in made) toast(made.why);
      while ('looking' in made && !isGone.current) {
        setLooking(true);
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        made = await request();
      }
    });
    if (isGone.current) return;
    setLooking(false);
    onMade();
  };
  return { isLooking, make };
}

/** The plan of a policy: every item that would go, by which rule and on what evidence, and what stays. */
export function PlanPage(): VNode {
  const query = usePageQuery();
  const policy = query.get('policy') ?? '';
  const after = placeIn(query).continuation;
  const [isCarriedOut, setCarriedOut] = useState(false);
  const loaded = useLoaded(
    `plan ${policy} ${after ?? ''}`,
    async (signal) => ({ plan: await loadPlan(policy, after, signal) }),
    {
      everyMs: isCarriedOut ? 2_000 : undefined,
      about: `plan ${policy}`,
    },
  );
  const { isLooking, make } = usePlanner(policy, () => {
    query.set({ ...fromStart, make: undefined }, { replace: true });
    loaded.reload();
  });
  // A change of the rules leads here with the question what they remove now.
  const isAsked = query.get('make') !== undefined;
  useEffect(() => {
    if (isAsked) void make();
  }, [isAsked]);
  const plan = loaded.data?.plan;
  // An approved plan is carried out by a timer: how far it is changes by itself.
  useEffect(() => setCarriedOut(plan?.state === 'approved'), [plan?.state]);
  const actions = (
    <>
      <Link class="button plain" href="/purge">
        All policies
      </Link>
      <Button
        disabledWhy={whyNot(write) ?? (isLooking ? 'The registry is looking at what the rules cover.' : undefined)}
        onPress={make}
      >
        Make a new plan
      </Button>
      {plan === undefined || isLooking ? null : <Approve of={plan} reload={loaded.reload} />}
    </>
  );
  return (
    <>
      <PageHead title={`Plan of ${policy}`} actions={actions}>
        Plan of <Text of={policy} />
      </PageHead>
      <Show of={loaded}>
        {({ plan: shown }) =>
          shown === undefined ? (
            <Empty title="There is no plan yet.">
              <p>A plan shows what would go, item by item, before anything does. Make one above.</p>
            </Empty>
          ) : (
            <Contents of={shown} />
          )
        }
      </Show>
    </>
  );
}

/** All that a plan says: what goes, and what a rule keeps. */
function Contents({ of }: { readonly of: Plan }): VNode {
  const query = usePageQuery();
  return (
    <>
      <Summary of={of} />
      {of.manifests + of.tags === 0 ? (
        <Empty title="Nothing would go.">
          <p>What is new enough for its pusher to still work with it is not looked at yet.</p>
        </Empty>
      ) : (
        <Table label="What goes" columns={columns} rows={of.items} keyOf={keyOf} />
      )}
      <Pager query={query} shown={undefined} total={of.manifests + of.tags} nextLink={of.nextLink} />
      {of.more ? <p>More is due than one plan holds: the next plan has the rest.</p> : null}
      {placeIn(query).page === 1 ? <Kept of={of} /> : null}
    </>
  );
}

/** The first page of a plan has what stays. */
function Kept({ of }: { readonly of: Plan }): VNode {
  return (
    <>
      <h2>{countOf(of.kept, 'image')} that a lock keeps</h2>
      {of.keptItems.length === 0 ? (
        <p>No lock keeps anything that would go otherwise.</p>
      ) : (
        <Table label="What stays" columns={columns} rows={of.keptItems} keyOf={keyOf} />
      )}
    </>
  );
}

function keyOf({ kind, repository, digest, tag }: Item): string {
  return `${kind} ${repository} ${digest} ${tag ?? ''}`;
}

/** Approves the very plan that is shown: its hash says which. */
function Approve({ of, reload }: { readonly of: Plan; readonly reload: () => void }): VNode {
  const approve = async () => {
    const isSure = await confirmed({
      title: 'Approve this plan',
      confirm: `Remove ${countOf(of.manifests, 'manifest')} and ${countOf(of.tags, 'tag')}`,
      isDanger: true,
      body: (
        <>
          <p>They go into the recycle bin, and can be restored until the retention of the policy ends.</p>
          <p>
            From then on the policy is on: it runs by its schedule, and approves its own plans as long as its brake does
            not stop them.
          </p>
          <p>
            Plan <Hash of={of.hash} />
          </p>
        </>
      ),
    });
    if (!isSure) return;
    const call = api.POST('/purge/policies/{name}/plan/approve', {
      params: { path: { name: of.policy } },
      body: { hash: of.hash, switchOn: false },
    });
    await attempt(() => answered(call), 'The plan is approved, and is being carried out.');
    reload();
  };
  const isOver = of.state !== 'awaiting' ? `This plan is ${of.state}: make a new one.` : undefined;
  const isEmpty = of.manifests + of.tags === 0 ? 'This plan removes nothing.' : undefined;
  return (
    <Button kind="danger" disabledWhy={whyNot(write) ?? isOver ?? isEmpty} onPress={approve}>
      Approve
    </Button>
  );
}

/** The hash that says which plan is approved. */
function Hash({ of }: { readonly of: string }): VNode {
  return <code title={of}>{of.slice(0, 12)}</code>;
}

function Summary({ of }: { readonly of: Plan }): VNode {
  return (
    <section class="card" aria-label="Summary">
      <p>
        {`${countOf(of.manifests, 'manifest')} and ${countOf(of.tags, 'tag')} go, which frees ${formatBytes(of.bytes)}. `}
        <span class={`badge ${of.state === 'awaiting' ? 'warn' : of.state === 'done' ? 'good' : ''}`}>{of.state}</span>
        {of.approvedBy === undefined ? null : (
          <>
            {' approved by '}
            <Text of={of.approvedBy} />
          </>
        )}
      </p>
      <p>
        Made <Time at={of.madeAt} />, hash <Hash of={of.hash} />
      </p>
      {of.state === 'done' || of.state === 'approved' ? (
        <p role="status">
          {`Gone so far: ${countOf(of.outcome.manifests, 'manifest')}, ${countOf(of.outcome.tags, 'tag')}; ${of.outcome.stayed} stayed. `}
          <Link href={linkTo('/bin')}>Open the recycle bin</Link>
        </p>
      ) : null}
      {of.over.map(({ repository, going, of: all, what }) => (
        <p key={`${repository} ${what}`} class="badge bad">
          {`Brake: ${going} of ${all} ${what} of `}
          <Text of={repository} />
          {' would go.'}
        </p>
      ))}
    </section>
  );
}

const columns: readonly Column<Item>[] = [
  {
    name: 'what',
    head: 'Image',
    isHead: true,
    cell: ({ repository, digest, tag }) => (
      <Link href={linkToImage(repository, tag ?? digest)}>
        <Text of={tag === undefined ? repository : `${repository}:${tag}`} />
      </Link>
    ),
  },
  { name: 'digest', head: 'Digest', cell: ({ digest }) => <Digest of={digest} /> },
  { name: 'rule', head: 'Rule', cell: ({ rule }) => <Text of={rule} /> },
  { name: 'why', head: 'Why', cell: ({ why }) => <Text of={why} /> },
  { name: 'evidence', head: 'Evidence', cell: ({ evidence }) => evidenceOf(evidence) },
  { name: 'bytes', head: 'Frees', isNumber: true, cell: ({ bytes }) => <Bytes of={bytes} /> },
  { name: 'outcome', head: 'Outcome', cell: ({ outcome = '–' }) => <Text of={outcome} /> },
];

function evidenceOf({ pushedAt, lastPull, trackedSince, untaggedSince }: Item['evidence']): string {
  const pulls =
    lastPull === undefined
      ? `no pull${trackedSince === undefined ? '' : ` since ${formatDay(trackedSince)}`}`
      : `last pull ${formatDay(lastPull)}`;
  const untagged = untaggedSince === undefined ? [] : [`untagged since ${formatDay(untaggedSince)}`];
  return [`pushed ${formatDay(pushedAt)}`, pulls, ...untagged].join(', ');
}
