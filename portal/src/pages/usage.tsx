import type UPlot from 'uplot';
import type { Column, VNode } from '../kit.ts';
import {
  answered,
  api,
  ApiFailure,
  ask,
  attempt,
  Button,
  Bytes,
  Clients,
  Count,
  countOf,
  Empty,
  Filter,
  formatBytes,
  formatDay,
  formatShare,
  formatTime,
  Link,
  linkToTags,
  PageHead,
  saveFile,
  SelectField,
  Show,
  Table,
  Text,
  Time,
  useEffect,
  useLoaded,
  usePageQuery,
  useRef,
  useState,
} from '../kit.ts';

type Data = Awaited<ReturnType<typeof loadUsage>>;
type Usage = Data['usage'];
type Point = Usage['period']['series'][number];
type Top = Data['top'][number];

const spans = [
  ['1', 'the last day'],
  ['7', 'the last week'],
  ['30', 'the last 30 days'],
  ['90', 'the last 90 days'],
] as const;
const measures = [
  ['pulls', 'pulls'],
  ['pushes', 'pushes'],
  ['size', 'bytes'],
] as const;

interface Asked {
  readonly repository: string | undefined;
  readonly days: number;
  readonly by: 'pulls' | 'pushes' | 'size';
}

async function loadUsage({ repository, days, by }: Asked, signal: AbortSignal) {
  const from = new Date(Date.now() - days * 86_400_000).toISOString();
  const period = { from, by: days <= 1 ? ('hour' as const) : ('day' as const) };
  const query = repository === undefined ? period : { ...period, repository };
  const [usage, top, forecast] = await Promise.all([
    answered(api.GET('/usage', { params: { query }, signal })),
    answered(api.GET('/usage/top', { params: { query: { by, limit: 20 } }, signal })),
    answered(api.GET('/usage/forecast', { signal })).catch(absent),
  ]);
  return { usage, top: top.items, forecast };
}

/** Until the first survey there is no forecast. */
function absent(error: unknown): undefined {
  if (error instanceof ApiFailure && error.status < 500 && error.status !== 401) return undefined;
  throw error;
}

/** The traffic and the storage, of all or of one repository. */
export function UsagePage(): VNode {
  const query = usePageQuery();
  const repository = query.get('repository');
  const days = Number(spans.find(([each]) => each === query.get('days'))?.[0] ?? '30');
  const by = measures.find(([each]) => each === query.get('by'))?.[0] ?? 'pulls';
  const loaded = useLoaded(`usage ${repository ?? ''} ${days} ${by}`, (signal) =>
    loadUsage({ repository, days, by }, signal),
  );
  return (
    <>
      <PageHead title="Usage" />
      <div class="bar">
        <Filter
          label="Repository"
          hint="all repositories"
          value={repository ?? ''}
          onFilter={(value) => query.set({ repository: value || undefined }, { replace: true })}
        />
        <SelectField label="Of" value={String(days)} options={spans} onValue={(value) => query.set({ days: value })} />
        <Export days={days} />
      </div>
      <Show of={loaded}>
        {({ usage, top, forecast }) => (
          <>
            <Figures of={usage} forecast={forecast} />
            <Chart of={usage.period} />
            <Clients of={usage.period.byClient} />
            <h2>Repositories with the most</h2>
            <SelectField label="By" value={by} options={measures} onValue={(value) => query.set({ by: value })} />
            {top.length === 0 ? (
              <Empty title="Nothing was counted yet.">
                <p>Push or pull an image, and look again in a minute.</p>
              </Empty>
            ) : (
              <Table label="Repositories" columns={topColumns(by)} rows={top} keyOf={({ repository: name }) => name} />
            )}
          </>
        )}
      </Show>
    </>
  );
}

function topColumns(by: Asked['by']): readonly Column<Top>[] {
  return [
    {
      name: 'repository',
      head: 'Repository',
      isHead: true,
      cell: ({ repository }) => (
        <Link href={linkToTags(repository)}>
          <Text of={repository} />
        </Link>
      ),
    },
    {
      name: 'value',
      head: by === 'size' ? 'bytes' : by,
      isNumber: true,
      cell: ({ value }) => (by === 'size' ? <Bytes of={value} /> : <Count of={value} />),
    },
  ];
}

/** Saves an export as a file. */
function Export({ days }: { readonly days: number }): VNode {
  const [of, setOf] = useState<'repositories' | 'images'>('repositories');
  const save = () =>
    attempt(async () => {
      const from = new Date(Date.now() - days * 86_400_000).toISOString();
      const text = String(await ask(`/api/v1/usage/export.csv?${new URLSearchParams({ of, from }).toString()}`));
      saveFile(`usage-${of}.csv`, new Blob([text], { type: 'text/csv' }));
    });
  return (
    <>
      <SelectField
        label="Export"
        value={of}
        options={[
          ['repositories', 'all repositories, by day'],
          ['images', 'all tags and digests'],
        ]}
        onValue={(value) => setOf(value === 'images' ? 'images' : 'repositories')}
      />
      <Button onPress={save}>Export as CSV</Button>
    </>
  );
}

function Figures({ of, forecast }: { readonly of: Usage; readonly forecast: Data['forecast'] }): VNode {
  const { period, sizes, repository } = of;
  return (
    <div class="cards">
      <section class="card" aria-label="Traffic">
        <p>{`${countOf(period.pulls, 'pull')} and ${countOf(period.pushes, 'push', 'pushes')}`}</p>
        {repository === undefined ? null : (
          <p>
            Last pull <Time at={of.lastPull} />, last push <Time at={of.lastPush} />
          </p>
        )}
        {of.trackedSince === undefined ? null : <p>{`Pulls are counted since ${formatDay(of.trackedSince)}.`}</p>}
      </section>
      <section class="card" aria-label="Storage">
        <p>
          {sizes === undefined
            ? 'Sizes are measured every hour.'
            : `${formatBytes(sizes.uniqueBytes + sizes.sharedBytes)} in use`}
        </p>
        {sizes?.recycledBytes === undefined ? null : <p>{`${formatBytes(sizes.recycledBytes)} in the recycle bin`}</p>}
        {forecast === undefined ? null : <Quota of={forecast} />}
      </section>
    </div>
  );
}

function Quota({ of: { quotaBytes, storedBytes, fullAt } }: { readonly of: NonNullable<Data['forecast']> }): VNode {
  return (
    <>
      <meter min={0} max={quotaBytes} value={storedBytes} high={quotaBytes * 0.8} aria-label="Use of the quota" />
      <p>{`${formatShare(storedBytes / quotaBytes)} of ${formatBytes(quotaBytes)}`}</p>
      {fullAt === undefined ? null : <p>{`Full on ${formatDay(fullAt)} if it goes on so.`}</p>}
    </>
  );
}

/** Draws the pulls and pushes of a period, in the colours of the legend below. */
function drawn(Drawing: typeof UPlot, place: HTMLElement, { from, to, series }: Usage['period']): UPlot {
  const colour = (of: string) => () => getComputedStyle(place.parentElement?.querySelector(of) ?? place).color;
  const axis = { stroke: () => getComputedStyle(place).color, grid: { stroke: 'rgb(128 128 128 / 25%)' } };
  return new Drawing(
    {
      width: place.clientWidth,
      height: 220,
      legend: { show: false },
      cursor: { show: false },
      axes: [axis, axis],
      // The whole period is shown, although days without a pull or a push have no point.
      scales: { x: { range: () => [seconds(from), seconds(to)] } },
      series: [
        {},
        { label: 'pulls', stroke: colour('.series-a'), width: 2 },
        { label: 'pushes', stroke: colour('.series-b'), width: 2 },
      ],
    },
    [series.map(({ at }) => seconds(at)), series.map(({ pulls }) => pulls), series.map(({ pushes }) => pushes)],
    place,
  );
}

function seconds(time: string): number {
  return Date.parse(time) / 1000;
}

/** A chart for the eye; its numbers are in the list below, for everybody. */
function Chart({ of: period }: { readonly of: Usage['period'] }): VNode {
  const { series } = period;
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let isGone = false;
    let end: (() => void) | undefined;
    void import('uplot').then(({ default: Drawing }) => {
      const { current } = place;
      if (isGone || current === null) return;
      const chart = drawn(Drawing, current, period);
      const resized = new ResizeObserver(() => chart.setSize({ width: current.clientWidth, height: 220 }));
      resized.observe(current);
      end = () => {
        resized.disconnect();
        chart.destroy();
      };
    });
    return () => {
      isGone = true;
      end?.();
    };
  }, [period]);
  const most = Math.max(0, ...series.map(({ pulls }) => pulls));
  return (
    <figure>
      <div ref={place} role="img" aria-label={`Pulls and pushes over time; the most are ${most} pulls`} class="chart" />
      <figcaption>
        <span class="series-a">— pulls</span> <span class="series-b">— pushes</span>
        <details>
          <summary>Numbers</summary>
          <Table label="Numbers" columns={pointColumns} rows={series} keyOf={({ at }) => at} />
        </details>
      </figcaption>
    </figure>
  );
}

const pointColumns: readonly Column<Point>[] = [
  { name: 'at', head: 'From', isHead: true, cell: ({ at }) => formatTime(at) },
  { name: 'pulls', head: 'Pulls', isNumber: true, cell: ({ pulls }) => <Count of={pulls} /> },
  { name: 'pushes', head: 'Pushes', isNumber: true, cell: ({ pushes }) => <Count of={pushes} /> },
];
