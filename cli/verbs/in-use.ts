import type { components } from '../../generated/api.d.ts';
import { usageFailure } from '../failure.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import { counted, timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';
import type { Kind } from './kinds.ts';
import { lsOf, removeOf, showThing } from './kinds.ts';

type InUse = components['schemas']['InUse'];

const kind: Kind<InUse> = {
  group: 'in-use',
  one: 'report',
  takes: '<source>',
  example: 'cluster-1',
  all: (registry) => itemsOf(registry, '/in-use', { query: { limit: 100 } }),
  get: async (api, source) => dataOf(await api.GET('/in-use/{source}', { params: { path: { source } } })),
  list: {
    columns: [
      { title: 'SOURCE', mayShrink: true, text: ({ source }) => source },
      { title: 'IMAGES', isNumber: true, text: ({ digests }) => String(digests) },
      { title: 'REPORTED', text: ({ updatedAt }) => timeOf(updatedAt), raw: ({ updatedAt }) => updatedAt },
      { title: 'KEPT UNTIL', text: ({ expiresAt }) => timeOf(expiresAt), raw: ({ expiresAt }) => expiresAt },
    ],
    nameOf: ({ source }) => source,
    whenEmpty: 'Nobody has reported what is in use: in-use put SOURCE --ttl 7200 < digests.txt does.',
  },
  linesOf: ({ source, digests, updatedAt, expiresAt }) => [
    ['source', source],
    ['images', digests],
    ['reported', timeOf(updatedAt)],
    ['kept until', timeOf(expiresAt)],
  ],
};

const show: Verb = {
  name: 'show',
  does: 'Lists the digests of the images that a source has reported',
  takes: '<source>',
  examples: ['in-use show cluster-1', 'in-use show cluster-1 -o name'],
  async run({ connect, output }, given) {
    const api = await (await connect()).api;
    const path = { source: given.at(0) };
    const found = dataOf(await api.GET('/in-use/{source}', { params: { path } }));
    await output.one(found, {
      name: found.pinned,
      lines: [...kind.linesOf(found), ...found.pinned.map((digest) => ['image', digest] as const)],
    });
  },
};

const put: Verb = {
  name: 'put',
  does: 'Reports which images a source uses, by their digests on the standard input: no policy removes them meanwhile',
  takes: '<source>',
  flags: [{ flags: '--ttl <seconds>', says: 'how long they are kept: a few times the interval of the reports (7200)' }],
  notes: ['The input has a digest a line, as in sha256:…, alone or behind the name of an image and @.'],
  examples: ['in-use put cluster-1 < digests.txt', 'in-use put cluster-1 --ttl 86400 < digests.txt'],
  async run(context, given) {
    const { world } = context;
    const ttl = given.text('ttl') ?? '7200';
    if (!/^\d{1,9}$/.test(ttl)) throw usageFailure('--ttl must be a number of seconds, as in 7200');
    const source = given.at(0);
    if (world.canAsk)
      throw usageFailure(`pipe the digests to the command, as in ${world.call} in-use put ${source} < digests.txt`);
    const lines = (await world.readInput())
      .split('\n')
      .map((line) => line.trim().slice(line.trim().lastIndexOf('@') + 1));
    const digests = [...new Set(lines.filter((line) => line !== ''))];
    // Nothing on the input is more often a command that failed before the pipe than a cluster in which nothing runs.
    if (digests.length === 0)
      throw usageFailure(`the standard input names no digest: ${world.call} in-use rm ${source} deletes a report`);
    const body = { digests, ttlSeconds: Number(ttl) };
    const api = await (await context.connect()).api;
    await showThing(context, kind, dataOf(await api.PUT('/in-use/{source}', { params: { path: { source } }, body })));
  },
};

export const inUse: Verb = {
  name: 'in-use',
  does: 'Shows and makes the reports of which images are in use, which no purge policy removes',
  verbs: [
    lsOf(kind, 'Lists who has reported what is in use, and until when that is kept'),
    show,
    put,
    removeOf(kind, {
      does: 'Deletes the report of a source: its images are kept for it no more',
      loses: ({ digests }) => `${counted(digests, 'image')} may be purged then, if a policy says so.`,
      remove: (api, source) => api.DELETE('/in-use/{source}', { params: { path: { source } } }),
    }),
  ],
};
