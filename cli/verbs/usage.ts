import type { Context } from '../context.ts';
import { usageFailure } from '../failure.ts';
import { parseReference } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import { writeStream } from '../registry/stream.ts';
import { bytesOf, timeOf } from '../text/words.ts';
import type { Given, Verb } from '../verb.ts';

const orders = ['size', 'waste', 'pulls', 'pushes'] as const;
type Order = (typeof orders)[number];

const periodFlags = [
  { flags: '--from <time>', says: 'the beginning of the period (30 days before its end)' },
  { flags: '--to <time>', says: 'the end of the period (now)' },
];

function periodOf(given: Given): { from?: string; to?: string } {
  const [from, to] = [given.text('from'), given.text('to')];
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

const top: Verb = {
  name: 'top',
  does: 'Lists the repositories that store, waste, are pulled or are pushed most',
  flags: [
    { flags: '--by <number>', says: 'size, waste, pulls or pushes (size)', choices: orders },
    { flags: '--limit <count>', says: 'how many repositories' },
  ],
  examples: ['usage top', 'usage top --by pulls --limit 5 -o tsv'],
  async run({ connect, output }, given) {
    const by = (given.text('by') ?? 'size') as Order;
    const api = await (await connect()).api;
    const limit = given.text('limit');
    if (limit !== undefined && !/^\d+$/.test(limit)) throw usageFailure('--limit must be a whole number, as in 20');
    const query = { by, ...(limit === undefined ? {} : { limit: Number(limit) }) };
    const { items } = dataOf(await api.GET('/usage/top', { params: { query } }));
    const isSize = by === 'size' || by === 'waste';
    await output.list(items, {
      columns: [
        { title: 'REPOSITORY', mayShrink: true, text: ({ repository }) => repository },
        {
          title: by.toUpperCase(),
          isNumber: true,
          text: ({ value }) => (isSize ? bytesOf(value) : String(value)),
          raw: ({ value }) => value,
        },
      ],
      nameOf: ({ repository }) => repository,
      whenEmpty: 'Nothing is counted yet: sizes are measured once an hour.',
    });
  },
};

const show: Verb = {
  name: 'show',
  does: 'Shows what the registry, a repository or an image stores, and how often it is pulled',
  takes: '[reference]',
  flags: periodFlags,
  examples: ['usage show', 'usage show team/app', 'usage show team/app:1 -o json'],
  async run({ connect, output }, given) {
    const reference = given.args.length === 0 ? undefined : parseReference(given.at(0));
    const api = await (await connect(reference)).api;
    const { origin: _, ...about } = reference ?? {};
    const found = dataOf(await api.GET('/usage', { params: { query: { ...about, ...periodOf(given) } } }));
    const { period, sizes } = found;
    await output.one(found, {
      name: String(found.bytes ?? sizes?.storedBytes ?? ''),
      lines: [
        ['registry', found.registry],
        ['repository', found.repository],
        ['tag', found.tag],
        ['digest', found.digest],
        ['images', found.images],
        ['bytes', bytesOf(found.bytes)],
        ['stored', bytesOf(sizes?.storedBytes)],
        ['unique', bytesOf(sizes?.uniqueBytes)],
        ['shared', bytesOf(sizes?.sharedBytes)],
        ['pulls', `${found.pulls}, ${period.pulls} of them from ${timeOf(period.from)} to ${timeOf(period.to)}`],
        ['pushes', `${found.pushes}, ${period.pushes} of them in that time`],
        ['last pull', timeOf(found.lastPull)],
        ['last push', timeOf(found.lastPush)],
      ],
    });
  },
};

/** Writes the table as it arrives: it may be longer than a machine's memory. */
async function exportCsv({ connect, world }: Context, given: Given): Promise<void> {
  const registry = await connect();
  const query = new URLSearchParams({ of: given.text('of') ?? 'repositories', ...periodOf(given) });
  const response = await registry.send(
    new Request(new URL(`/api/v1/usage/export.csv?${query.toString()}`, registry.origin)),
    true,
  );
  await writeStream(world, response, world.out.isTerminal ? 'harmless' : 'exact');
}

const exported: Verb = {
  name: 'export',
  does: 'Prints the counters of all repositories or images as comma-separated values',
  flags: [
    { flags: '--of <subject>', says: 'repositories or images (repositories)', choices: ['repositories', 'images'] },
    ...periodFlags,
  ],
  notes: ['The format is CSV whatever --output says.'],
  examples: ['usage export', 'usage export --of images --from 2026-01-01 > images.csv'],
  run: exportCsv,
};

const forecast: Verb = {
  name: 'forecast',
  does: 'Says how full the registry is, how fast it grows, and when it is full',
  examples: ['usage forecast', 'usage forecast -o json'],
  async run({ connect, output }) {
    const found = dataOf(await (await (await connect()).api).GET('/usage/forecast'));
    const { storedBytes, quotaBytes, bytesPerDay, fullAt, measuredAt } = found;
    await output.one(found, {
      name: fullAt ?? '',
      lines: [
        ['stored', `${bytesOf(storedBytes)} of ${bytesOf(quotaBytes)}`],
        ['grows a day', growthOf(bytesPerDay)],
        ['full', fullAt === undefined ? 'not within ten years, as far as is known' : timeOf(fullAt)],
        ['measured', timeOf(measuredAt)],
      ],
    });
  },
};

function growthOf(bytes: number | undefined): string {
  if (bytes === undefined) return 'not known before two surveys';
  return bytes < 0 ? `-${bytesOf(-bytes)}` : bytesOf(bytes);
}

const pulled: Verb = {
  name: 'pulled',
  does: 'Says which share of what is stored was pulled in the last days: the rest may be purged',
  examples: ['usage pulled', 'usage pulled -o json'],
  async run({ connect, output }) {
    const found = dataOf(await (await (await connect()).api).GET('/usage/pulled'));
    const { storedBytes, windows, trackedSince, measuredAt } = found;
    await output.one(found, {
      name: String(storedBytes),
      lines: [
        ['stored', bytesOf(storedBytes)],
        ...windows.map(
          ({ days, bytes, share, whole }) =>
            [
              `pulled in ${days} days`,
              `${bytesOf(bytes)}, ${Math.round(share * 100)} %${whole ? '' : ', and pulls are not known for as long'}`,
            ] as const,
        ),
        ['pulls known since', timeOf(trackedSince)],
        ['measured', timeOf(measuredAt)],
      ],
    });
  },
};

export const usage: Verb = {
  name: 'usage',
  does: 'Shows what is stored, pulled and pushed',
  verbs: [top, show, forecast, pulled, exported],
};
