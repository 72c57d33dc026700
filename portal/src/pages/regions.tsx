import type { Column, Schema, VNode } from '../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  Bytes,
  confirmed,
  countOf,
  Empty,
  formatBytes,
  formatDuration,
  PageHead,
  SelectField,
  send,
  Show,
  ShowAnswer,
  Table,
  Text,
  TextField,
  Time,
  useAnswer,
  useLoaded,
  useState,
  whyNot,
} from '../kit.ts';
import { RegionForm } from './regions/settings.tsx';

type Data = Awaited<ReturnType<typeof loadRegions>>;
type Replica = Data['items'][number];
type Held = Awaited<ReturnType<typeof loadImage>>['regions'][number];

/** A region as a whole: what waits for it, and how long copies take. */
type Whole = Schema<'ReplicationRegion'>;

const write = 'management/write';
async function loadRegions(signal: AbortSignal) {
  const [found, whole] = await Promise.all([
    answered(api.GET('/replications', { params: { query: { limit: 100 } }, signal })),
    answered(api.GET('/replication/regions', { signal })),
  ]);
  return { ...found, whole: whole.items };
}

function loadImage(repository: string, tag: string, signal: AbortSignal) {
  return answered(api.GET('/replication/status', { params: { query: { repository, tag } }, signal }));
}

/** The regions that get copies: what each still lacks, and for how long. */
export function RegionsPage(): VNode {
  const loaded = useLoaded('regions', loadRegions, { everyMs: 5_000 });
  const reconcile = () =>
    attempt(() => send('POST', ['replication', 'reconcile'], {}), 'Every image of every region is being looked at.');
  return (
    <>
      <PageHead
        title="Regions"
        actions={
          <Button disabledWhy={whyNot(write)} onPress={reconcile}>
            Look at all images
          </Button>
        }
      />
      <Show of={loaded}>
        {(data) => (
          <>
            {data.items.length === 0 ? (
              <Empty title="No region gets copies.">
                <p>
                  {data.regions.length < 2
                    ? 'This deployment has one region. docs/replication.md says how to add another.'
                    : `Add one of ${data.regions.join(', ')} below.`}
                </p>
              </Empty>
            ) : (
              <Table
                label="Regions"
                columns={columnsOf(data, loaded.reload)}
                rows={data.items}
                keyOf={({ region }) => region}
              />
            )}
            <AddRegion of={data} reload={loaded.reload} />
          </>
        )}
      </Show>
      <OneImage />
    </>
  );
}

function columnsOf({ whole }: Data, reload: () => void): readonly Column<Replica>[] {
  const most = Math.max(1, ...whole.map(({ queued }) => queued.bytes));
  const of = ({ region }: Replica) => whole.find((each) => each.region === region);
  return [
    {
      name: 'region',
      head: 'Region',
      isHead: true,
      cell: (replica) => (
        <>
          <Text of={replica.region} />
          {of(replica)?.isHere === true ? ' (this one)' : ''}
        </>
      ),
    },
    {
      name: 'state',
      head: 'State',
      cell: ({ status }) => <span class={`badge ${status === 'active' ? 'good' : 'warn'}`}>{status}</span>,
    },
    {
      name: 'missing',
      head: 'Missing',
      cell: (replica) => <Missing of={of(replica)} most={most} />,
    },
    { name: 'gets', head: 'Gets', cell: ({ settings }) => <Gets of={settings} /> },
    { name: 'lag', head: 'Copies take', cell: (replica) => <Lag of={of(replica)} /> },
    {
      name: 'walk',
      head: 'Last look at all images',
      cell: ({ walk, walked }) => <Walk of={walk ?? walked} isOn={walk !== undefined} />,
    },
    { name: 'actions', head: 'Actions', cell: (replica) => <Actions of={replica} reload={reload} /> },
  ];
}

/** The bytes that a region lacks, beside those that the others lack. */
function Missing({ of, most }: { readonly of: Whole | undefined; readonly most: number }): VNode {
  if (of === undefined) return <span class="unknown">–</span>;
  const { images, bytes, isAtLeast, oldestAt } = of.queued;
  if (images === 0) return <span class="badge good">complete</span>;
  const low = most / 100;
  return (
    <>
      <meter
        min={0}
        max={most}
        value={bytes}
        low={low}
        high={most / 2}
        optimum={0}
        aria-label={`Bytes missing in ${of.region}`}
      />
      {` ${isAtLeast === true ? 'at least ' : ''}`}
      <Bytes of={bytes} />
      {` of ${countOf(images, 'image')}`}
      {oldestAt === undefined ? null : (
        <>
          , the oldest waits since <Time at={oldestAt} />
        </>
      )}
    </>
  );
}

/** The filters of a region and the limits of its copies; what is as it is by itself is left out. */
function Gets({ of: { filters, priority, bytesPerSecond } }: { readonly of: Replica['settings'] }): VNode {
  const patterns = ({ include, exclude }: typeof filters.repositories) =>
    [include.join(' '), ...(exclude.length === 0 ? [] : [`not ${exclude.join(' ')}`])].join(', ');
  const types = filters.artifactTypes === undefined ? '' : `, of ${filters.artifactTypes.join(' ')}`;
  const rate = bytesPerSecond === undefined ? '' : `, at most ${formatBytes(bytesPerSecond)} a second`;
  return (
    <>
      <Text of={`${patterns(filters.repositories)} : ${patterns(filters.tags)}${types}`} />
      {`, priority ${priority}${rate}`}
    </>
  );
}

function Lag({ of }: { readonly of: Whole | undefined }): VNode {
  if (of?.lag === undefined) return <span class="unknown">–</span>;
  const { p50Seconds, p99Seconds, images } = of.lag;
  return (
    <span title={`The ${countOf(images, 'image')} that were copied last.`}>
      {`half within ${formatDuration(p50Seconds)}, 99 of 100 within ${formatDuration(p99Seconds)}`}
    </span>
  );
}

function Walk({ of, isOn }: { readonly of: Replica['walk'] | undefined; readonly isOn: boolean }): VNode {
  if (of === undefined) return <span class="unknown">–</span>;
  return (
    <>
      <Time at={of.endedAt ?? of.startedAt} />
      {`${isOn ? ', going on' : ''}: ${countOf(of.images, 'image')} seen, ${countOf(of.repaired, 'gap')} filled`}
    </>
  );
}

function Actions({ of, reload }: { readonly of: Replica; readonly reload: () => void }): VNode {
  const { region, settings } = of;
  const [isChanging, setChanging] = useState(false);
  const params = { path: { region } };
  const isPaused = settings.paused;
  const pause = async () => {
    await attempt(() => answered(api.PATCH('/replications/{region}', { params, body: { paused: !isPaused } })));
    reload();
  };
  const remove = async () => {
    const body = <p>Its copies are removed; clients there are served from another region.</p>;
    if (!(await confirmed({ title: `Stop copying to ${region}`, confirm: 'Remove', isDanger: true, body }))) return;
    await attempt(() => answered(api.DELETE('/replications/{region}', { params })), `${region} is being removed.`);
    reload();
  };
  return (
    <div class="actions">
      <Button disabledWhy={whyNot(write)} onPress={pause}>
        {isPaused ? 'Resume' : 'Pause'}
      </Button>
      <Button disabledWhy={whyNot(write)} label={`Change ${region}`} onPress={() => setChanging(true)}>
        Change
      </Button>
      <Button kind="danger" disabledWhy={whyNot(write)} onPress={remove}>
        Remove
      </Button>
      {isChanging ? <RegionForm of={of} onClose={() => setChanging(false)} onDone={reload} /> : null}
    </div>
  );
}

function AddRegion({
  of: { items, regions },
  reload,
}: {
  readonly of: Data;
  readonly reload: () => void;
}): VNode | null {
  const free = regions.filter((region) => !items.some((each) => each.region === region));
  const [chosen, setChosen] = useState('');
  const region = chosen || (free[0] ?? '');
  if (free.length === 0) return null;
  const add = async () => {
    await attempt(() => send('PUT', ['replications', region], {}), `${region} gets copies from now on.`);
    reload();
  };
  return (
    <div class="bar">
      <SelectField label="Region" value={region} options={free.map((each) => [each, each])} onValue={setChosen} />
      <Button disabledWhy={whyNot(write)} onPress={add}>
        Copy to this region
      </Button>
    </div>
  );
}

/** Shows how much of one image each region has. */
function OneImage(): VNode {
  const [repository, setRepository] = useState('');
  const [tag, setTag] = useState('');
  const answer = useAnswer<readonly Held[]>(repository, tag);
  const look = (event: Event) => {
    event.preventDefault();
    answer.ask(async (signal) => (await loadImage(repository, tag, signal)).regions);
  };
  return (
    <form class="card" aria-label="Where is an image?" onSubmit={look}>
      <h2>Where is an image?</h2>
      <div class="bar">
        <TextField label="Repository" value={repository} onValue={setRepository} placeholder="team/app" />
        <TextField label="Tag" value={tag} onValue={setTag} placeholder="1.0" />
        <button type="submit" class="button plain">
          Look
        </button>
      </div>
      <ShowAnswer of={answer}>
        {(regions) => regions.map((held) => <InRegion key={held.region} of={held} />)}
      </ShowAnswer>
    </form>
  );
}

function InRegion({ of: { region, state, bytes, bytesDone, error } }: { readonly of: Held }): VNode {
  return (
    <p>
      <Text of={region} /> <span class={`badge ${state === 'complete' ? 'good' : 'warn'}`}>{state}</span>{' '}
      <meter min={0} max={Math.max(1, bytes)} value={bytesDone} aria-label={`Part of the image in ${region}`} />
      {` ${formatBytes(bytesDone)} of ${formatBytes(bytes)} `}
      {error === undefined ? null : <Text of={error} />}
    </p>
  );
}
