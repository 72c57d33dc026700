import type { VNode } from '../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  countOf,
  Digest,
  Empty,
  formatDuration,
  Link,
  linkTo,
  linkToImage,
  PageHead,
  Show,
  Text,
  Time,
  useLoaded,
  useLocation,
  usePageQuery,
  useRef,
  whyNot,
} from '../kit.ts';
import { Log } from './build/log.tsx';

type Build = Awaited<ReturnType<typeof loadBuild>>;
type Step = Build['items'][number];

const write = 'management/write';
/** The first steps are shown of a larger build, by their levels. */
const mostSteps = 100;

function loadBuild(build: string, signal: AbortSignal) {
  return answered(api.GET('/builds/{build}', { params: { path: { build }, query: { limit: mostSteps } }, signal }));
}

/** One build: its images in the order in which they wait for each other, and the log of one of them. */
export function BuildPage(): VNode {
  const query = usePageQuery();
  const id = query.get('id') ?? '';
  const chosen = query.get('image');
  const isOver = useRef(false);
  const loaded = useLoaded(`build ${id}`, (signal) => loadBuild(id, signal), {
    everyMs: isOver.current ? undefined : 2_000,
  });
  isOver.current = loaded.data?.state === 'finished';
  return (
    <>
      <PageHead
        title="Build"
        actions={loaded.data === undefined ? undefined : <Actions of={loaded.data} reload={loaded.reload} />}
      />
      <Show of={loaded}>
        {(build) => (
          <>
            <Summary of={build} />
            <Graph of={build.items} chosen={chosen} id={id} />
            {build.nextLink === undefined ? null : (
              <p>{`The first ${mostSteps} of ${countOf(build.images, 'image')} are shown.`}</p>
            )}
          </>
        )}
      </Show>
      {chosen === undefined ? null : <Log build={id} image={chosen} />}
    </>
  );
}

function Actions({ of, reload }: { readonly of: Build; readonly reload: () => void }): VNode {
  const [, navigate] = useLocation();
  const params = { path: { build: of.id } };
  const act = (path: '/builds/{build}/cancel' | '/builds/{build}/retry', done: string) => async () => {
    let begun: { readonly build?: string } | undefined;
    await attempt(async () => {
      begun = await answered(api.POST(path, { params }));
    }, done);
    // A retry is a build of its own.
    if (begun?.build !== undefined && begun.build !== of.id) navigate(linkTo('/build', { id: begun.build }));
    else reload();
  };
  const isOver = of.state === 'finished';
  return (
    <>
      <Link class="button plain" href="/builds">
        All builds
      </Link>
      <Button
        disabledWhy={whyNot(write) ?? (isOver ? 'It has ended.' : undefined)}
        onPress={act('/builds/{build}/cancel', 'The build is being cancelled.')}
      >
        Cancel
      </Button>
      <Button
        disabledWhy={whyNot(write) ?? (isOver ? undefined : 'It has not ended.')}
        onPress={act('/builds/{build}/retry', 'What failed is built again.')}
      >
        Retry
      </Button>
    </>
  );
}

function Summary({ of }: { readonly of: Build }): VNode {
  const { counts } = of;
  const said =
    counts === undefined
      ? ''
      : `: ${counts.succeeded} made, ${counts.same} were the same, ${counts.failed} failed, ${counts.stopped} stopped`;
  return (
    <section class="card" aria-label="Summary">
      <p role="status">{`${of.cancelledAt === undefined ? of.state : 'cancelled'}${said}`}</p>
      <p>
        Begun <Time at={of.createdAt} />
        {of.endedAt === undefined ? null : (
          <>
            , ended <Time at={of.endedAt} />
          </>
        )}
      </p>
      <ul>
        {of.updates.map(({ image, task, digest }) => (
          <li key={`${image} ${task ?? ''}`}>
            <Text of={task === undefined ? `${image} was updated` : `task ${task} for ${image}`} />
            {digest === undefined ? null : <Digest of={digest} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

const looks: Readonly<Record<Step['state'], string>> = {
  waiting: '',
  ready: '',
  running: 'warn',
  succeeded: 'good',
  same: 'good',
  notified: 'good',
  failed: 'bad',
  stopped: 'bad',
};

/** The steps by their levels: each waits for some of the levels before, which it names. */
function Graph({ of, chosen, id }: { of: readonly Step[]; chosen: string | undefined; id: string }): VNode {
  const levels = [...Map.groupBy(of, ({ level }) => level)].toSorted(([one], [other]) => one - other);
  if (levels.length === 0)
    return (
      <Empty title="Nothing follows yet.">
        <p>The build is being planned.</p>
      </Empty>
    );
  return (
    <ol class="levels" aria-label="Images by level">
      {levels.map(([level, steps]) => (
        <li key={level}>
          <h2>{`Level ${level}`}</h2>
          <ul class="cards">
            {steps.map((step) => (
              <li key={step.image} class="card">
                <StepCard of={step} isChosen={step.image === chosen} id={id} />
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}

function StepCard({ of, isChosen, id }: { readonly of: Step; readonly isChosen: boolean; readonly id: string }): VNode {
  const { image, state, mode, bases, waitsFor, because, digest, startedAt, endedAt } = of;
  const [repository = '', tag = ''] = image.split(/:(?=[^/:]*$)/);
  return (
    <>
      <p>
        <Link href={linkToImage(repository, tag)}>
          <Text of={image} />
        </Link>{' '}
        <span class={`badge ${looks[state]}`}>{state}</span>
      </p>
      <p>
        {`${mode} on `}
        <Text of={bases.join(', ') || '–'} />
      </p>
      {waitsFor.length === 0 ? null : (
        <p>
          {'waits for '}
          <Text of={waitsFor.join(', ')} />
        </p>
      )}
      {because === undefined ? null : (
        <p>
          <Text of={because} />
        </p>
      )}
      {digest === undefined ? null : <Digest of={digest} />}
      {startedAt === undefined || endedAt === undefined ? null : (
        <p>{`took ${formatDuration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)}`}</p>
      )}
      <Link
        href={linkTo('/build', { id, image })}
        aria-label={`Log of ${image}`}
        aria-current={isChosen ? 'true' : undefined}
      >
        Log
      </Link>
    </>
  );
}
