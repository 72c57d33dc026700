import type { components } from '../../generated/api.d.ts';
import type { List } from '../output.ts';
import { nameOfImage, parseImage } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import type { ItemOf } from '../registry/pages.ts';
import { itemsOf } from '../registry/pages.ts';
import { shortDigest, timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';
import { log } from './log.ts';
import { watch } from './watch.ts';

type Build = ItemOf<'/builds'>;
type Made = components['schemas']['BuildWithImages']['items'][number];

function countsOf({ counts, images }: Build): string {
  const parts = Object.entries(counts ?? {})
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`);
  return parts.length === 0 ? String(images) : parts.join(', ');
}

const buildList: List<Build> = {
  columns: [
    { title: 'BEGAN', text: ({ createdAt }) => timeOf(createdAt), raw: ({ createdAt }) => createdAt },
    {
      title: 'STATE',
      isState: true,
      text: ({ state, cancelledAt }) => (cancelledAt === undefined ? state : 'cancelled'),
    },
    {
      title: 'BECAUSE OF',
      mayShrink: true,
      text: ({ updates }) => updates.map(({ task, image }) => task ?? image).join(', '),
    },
    { title: 'IMAGES', mayShrink: true, text: countsOf },
    { title: 'ENDED', text: ({ endedAt }) => timeOf(endedAt), raw: ({ endedAt }) => endedAt },
    { title: 'BUILD', text: ({ id }) => id },
  ],
  nameOf: ({ id }) => id,
  whenEmpty: 'Nothing was built yet: docs/rebuilds.md shows how images follow their bases.',
};

const madeList: List<Made> = {
  columns: [
    { title: 'IMAGE', mayShrink: true, text: ({ image }) => image },
    { title: 'STATE', isState: true, text: ({ state }) => state },
    { title: 'MODE', text: ({ mode }) => mode },
    { title: 'DIGEST', text: ({ digest }) => shortDigest(digest), raw: ({ digest }) => digest },
    { title: 'WAITS FOR', mayShrink: true, text: ({ waitsFor }) => waitsFor.join(', ') },
    { title: 'BECAUSE', mayShrink: true, text: ({ because }) => because },
  ],
  nameOf: ({ image }) => image,
  whenEmpty: 'The build has no images.',
};

const ls: Verb = {
  name: 'ls',
  does: 'Lists the builds, the newest first; or the images of one build',
  takes: '[build]',
  examples: ['builds ls', 'builds ls BUILD'],
  async run({ connect, output }, given) {
    const registry = await connect();
    if (given.args.length === 0) return output.list(itemsOf(registry, '/builds', { query: { limit: 100 } }), buildList);
    const path = { build: given.at(0) };
    await output.list(itemsOf(registry, '/builds/{build}', { path, query: { limit: 100 } }), madeList);
  },
};

const explain: Verb = {
  name: 'explain',
  does: 'Says why an image was, or was not, built again when its base changed',
  takes: '<image> <base>',
  examples: ['builds explain team/app:1 team/base:1'],
  async run({ connect, output }, given) {
    const [image, base] = [parseImage(given.at(0)), given.at(1)];
    const api = await (await connect(image)).api;
    const query = { image: nameOfImage(image), base };
    const found = dataOf(await api.GET('/builds/explain', { params: { query } }));
    await output.one(found, {
      name: found.reason,
      lines: [
        ['image', found.image],
        ['base', found.base],
        ['reason', found.reason],
        ['why', found.why],
        ['build', found.build],
      ],
    });
  },
};

const dryRun: Verb = {
  name: 'dry-run',
  does: 'Lists what an update of a base would build, in its order, and builds nothing',
  takes: '<base>',
  examples: ['builds dry-run team/base:1', 'builds dry-run docker.io/library/node:22 -o json'],
  async run({ connect, output }, given) {
    const api = await (await connect()).api;
    const { items } = dataOf(await api.GET('/builds/dry-run', { params: { query: { base: given.at(0) } } }));
    await output.list(items, {
      columns: [
        { title: 'IMAGE', mayShrink: true, text: ({ image }) => image },
        { title: 'MODE', text: ({ mode }) => mode },
        { title: 'BY', mayShrink: true, text: ({ by }) => by },
        { title: 'AFTER', mayShrink: true, text: ({ after }) => after.join(', ') },
      ],
      nameOf: ({ image }) => image,
      whenEmpty: 'Nothing would be built: no image that a policy names is built on it.',
    });
  },
};

const retry: Verb = {
  name: 'retry',
  does: 'Makes again what failed or was stopped in a build, and only that',
  takes: '<build>',
  examples: ['builds retry BUILD'],
  async run({ connect, output }, given) {
    const api = await (await connect()).api;
    const retried = dataOf(await api.POST('/builds/{build}/retry', { params: { path: { build: given.at(0) } } }));
    await output.one(retried, {
      name: retried.build ?? '',
      lines: [['build', retried.build ?? 'it begins soon: builds ls shows it']],
    });
  },
};

const cancel: Verb = {
  name: 'cancel',
  does: 'Cancels a build: nothing more is made, and what was made stays',
  takes: '<build>',
  examples: ['builds cancel BUILD'],
  async run({ connect, output }, given) {
    const api = await (await connect()).api;
    const cancelled = dataOf(await api.POST('/builds/{build}/cancel', { params: { path: { build: given.at(0) } } }));
    await output.one(cancelled, { name: cancelled.build, lines: [['cancelled', cancelled.build]] });
  },
};

const logVerb: Verb = {
  name: 'log',
  does: 'Prints what the build of an image printed',
  takes: '<build> <image>',
  flags: [{ flags: '-f, --follow', says: 'goes on until the image has ended' }],
  examples: ['builds log BUILD team/app:1', 'builds log BUILD team/app:1 --follow'],
  run: log,
};

const watchVerb: Verb = {
  name: 'watch',
  does: 'Shows a build while it goes on, and ends with it',
  takes: '<build>',
  notes: ['The exit code is 0 when everything was made, 1 when something failed, and 130 after Ctrl-C.'],
  examples: ['builds watch BUILD'],
  run: watch,
};

export const builds: Verb = {
  name: 'builds',
  does: 'Shows and steers builds: rebases and rebuilds of what is built on a base',
  verbs: [ls, watchVerb, dryRun, explain, retry, cancel, logVerb],
};
