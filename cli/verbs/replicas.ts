import type { components } from '../../generated/api.d.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import { bytesOf, counted, timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';
import { dryRunFlag } from '../verb.ts';
import type { Kind } from './kinds.ts';
import { lsOf, refuseTaken, removeOf, showOf, showThing } from './kinds.ts';
import { patternsOf } from './patterns.ts';
import { defaults, settingFlags, settingsFrom } from './replica-settings.ts';

type Replica = components['schemas']['Replication'];
type Walk = Replica['walk'];

const rateOf = ({ settings: { bytesPerSecond } }: Replica) =>
  bytesPerSecond === undefined ? 'no limit' : `${bytesOf(bytesPerSecond)}/s`;

function walkOf(walk: Walk): string | undefined {
  if (walk === undefined) return undefined;
  const { startedAt, endedAt, images, repaired } = walk;
  const when = endedAt === undefined ? `since ${timeOf(startedAt)}` : timeOf(endedAt);
  return `${when}: ${counted(images, 'image')} seen, ${counted(repaired, 'gap')} filled`;
}

const kind: Kind<Replica> = {
  group: 'replicas',
  one: 'replica',
  takes: '<region>',
  example: 'northeurope',
  all: (registry) => itemsOf(registry, '/replications', { query: { limit: 100 } }),
  get: async (api, region) => dataOf(await api.GET('/replications/{region}', { params: { path: { region } } })),
  list: {
    columns: [
      { title: 'REGION', text: ({ region }) => region },
      { title: 'STATUS', isState: true, text: ({ status }) => status },
      {
        title: 'REPOSITORIES',
        mayShrink: true,
        text: ({ settings }) => patternsOf(settings.filters.repositories),
      },
      { title: 'TAGS', mayShrink: true, text: ({ settings }) => patternsOf(settings.filters.tags) },
      { title: 'PRIORITY', isNumber: true, text: ({ settings }) => String(settings.priority) },
      { title: 'RATE', isNumber: true, text: rateOf, raw: ({ settings }) => settings.bytesPerSecond },
    ],
    nameOf: ({ region }) => region,
    whenEmpty: 'No region gets copies: replicas add REGION begins with one.',
  },
  linesOf: (replica) => {
    const { region, status, settings, walk, walked, removed } = replica;
    return [
      ['region', region],
      ['status', status],
      ['repositories', patternsOf(settings.filters.repositories)],
      ['tags', patternsOf(settings.filters.tags)],
      ['artifact types', settings.filters.artifactTypes?.join(', ')],
      ['priority', settings.priority],
      ['rate', rateOf(replica)],
      ['verified by', settings.verify],
      ['serves clients', settings.endpoint ? 'yes' : 'no'],
      ['looks at all', walkOf(walk)],
      ['looked at all', walkOf(walked)],
      [
        'emptied',
        removed === undefined ? undefined : `${counted(removed.blobs, 'copy', 'copies')}, ${bytesOf(removed.bytes)}`,
      ],
    ];
  },
};

const add: Verb = {
  name: 'add',
  does: 'Has a region get copies of what is stored',
  takes: '<region>',
  flags: [...settingFlags, dryRunFlag],
  examples: ['replicas add northeurope', 'replicas add northeurope --repositories team/**,base --rate 20MB'],
  async run(context, given) {
    const region = given.at(0);
    const body = settingsFrom(given, defaults);
    if (given.has('dryRun'))
      return context.output.one({ region, settings: body }, { name: region, lines: [['would be added', region]] });
    const registry = await context.connect();
    await refuseTaken(context, kind, registry, region, `set ${region}`);
    const api = await registry.api;
    const made = dataOf(await api.PUT('/replications/{region}', { params: { path: { region } }, body }));
    await showThing(context, kind, made);
  },
};

const set: Verb = {
  name: 'set',
  does: 'Changes what a region gets, how soon and how fast; settings that are not named stay',
  takes: '<region>',
  flags: [...settingFlags, dryRunFlag],
  notes: ['What the filters name no more stays in the region until the registry looks at all images again.'],
  examples: [
    'replicas set northeurope --priority 1 --rate none',
    'replicas set northeurope --not-tags "pr-*" --dry-run',
  ],
  async run(context, given) {
    const region = given.at(0);
    const api = await (await context.connect()).api;
    const params = { params: { path: { region } } };
    const before = dataOf(await api.GET('/replications/{region}', params));
    const settings = settingsFrom(given, before.settings, true);
    if (given.has('dryRun')) return showThing(context, kind, { ...before, settings });
    const body = { ...settings, bytesPerSecond: settings.bytesPerSecond ?? null };
    await showThing(context, kind, dataOf(await api.PATCH('/replications/{region}', { ...params, body })));
  },
};

const pauses: readonly Verb[] = (['pause', 'resume'] as const).map((name) => ({
  name,
  does: name === 'pause' ? 'Copies nothing more to a region until it is resumed' : 'Copies to a region again',
  takes: '<region>',
  examples: [`replicas ${name} northeurope`],
  async run(context, given) {
    const api = await (await context.connect()).api;
    const params = { params: { path: { region: given.at(0) } } };
    const body = { paused: name === 'pause' };
    await showThing(context, kind, dataOf(await api.PATCH('/replications/{region}', { ...params, body })));
  },
}));

const queue: Verb = {
  name: 'queue',
  does: 'Shows what each region still lacks, and how long copies take',
  examples: ['replicas queue', 'replicas queue -o json'],
  async run({ connect, output }) {
    await output.list(itemsOf(await connect(), '/replication/regions'), {
      columns: [
        {
          title: 'REGION',
          text: ({ region, isHere }) => (isHere ? `${region} (here)` : region),
          raw: (of) => of.region,
        },
        { title: 'STATE', isState: true, text: ({ state }) => state },
        {
          title: 'LACKS',
          isNumber: true,
          text: ({ queued }) => `${queued.isAtLeast === true ? 'at least ' : ''}${counted(queued.images, 'image')}`,
          raw: ({ queued }) => queued.images,
        },
        {
          title: 'SIZE',
          isNumber: true,
          text: ({ queued }) => bytesOf(queued.bytes),
          raw: ({ queued }) => queued.bytes,
        },
        { title: 'OLDEST', text: ({ queued }) => timeOf(queued.oldestAt), raw: ({ queued }) => queued.oldestAt },
        {
          title: 'COPIES TAKE',
          text: ({ lag }) => (lag === undefined ? '' : `half ${lag.p50Seconds} s, 99 of 100 ${lag.p99Seconds} s`),
          raw: ({ lag }) => lag?.p99Seconds,
        },
      ],
      nameOf: ({ region }) => region,
      whenEmpty: 'The registry is in one region: docs/replication.md shows how another is added.',
    });
  },
};

const reconcile: Verb = {
  name: 'reconcile',
  does: 'Looks at all stored images, and copies again what is missing in the regions',
  takes: '[region]',
  flags: [{ flags: '--repository <repository>', says: 'the images of one repository alone' }],
  examples: ['replicas reconcile', 'replicas reconcile northeurope --repository team/app'],
  async run({ connect, output, world }, given) {
    const api = await (await connect()).api;
    const [region, repository] = [given.args[0], given.text('repository')];
    const body = { ...(region === undefined ? {} : { region }), ...(repository === undefined ? {} : { repository }) };
    const begun = dataOf(await api.POST('/replication/reconcile', { body }));
    await output.list(begun.items, kind.list);
    await output.say(`it begins within a minute: ${world.call} replicas show REGION shows how far it is`);
  },
};

export const replicas: Verb = {
  name: 'replicas',
  does: 'Shows and steers the regions that get copies: what, how fast, and whether at all',
  verbs: [
    lsOf(kind, 'Lists the regions that get copies, with their settings'),
    showOf(kind, 'Shows the settings of a region, and how far the look at all images is'),
    queue,
    add,
    set,
    ...pauses,
    reconcile,
    removeOf(kind, {
      does: 'Has a region get no copies any more, and removes those that it has',
      loses: ({ region }) => `The copies in ${region} are removed; its clients are served from another region.`,
      remove: (api, region) => api.DELETE('/replications/{region}', { params: { path: { region } } }),
    }),
  ],
};
