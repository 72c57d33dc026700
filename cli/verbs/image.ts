import type { components } from '../../generated/api.d.ts';
import type { Context } from '../context.ts';
import { usageFailure } from '../failure.ts';
import { nameOfImage, parseImage } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import { harmlessJson } from '../text/harmless.ts';
import { bytesOf, counted, shortDigest, timeOf } from '../text/words.ts';
import type { Given, Verb } from '../verb.ts';
import { marksOf, platformOf } from './tags.ts';

type View = components['schemas']['Image'];

/** Returns the lines about an image; what has several values has a line for each. */
function linesOf(view: View): (readonly [string, string | number | undefined])[] {
  const { config } = view;
  return [
    ['image', `${view.repository}@${view.digest}`],
    ['tags', view.tags.join(', ') + (view.tagCount > view.tags.length ? `, … ${view.tagCount} in all` : '')],
    ['type', view.artifactType ?? view.mediaType],
    ['pushed', timeOf(view.pushedAt)],
    ['size', `${bytesOf(view.bytes)}, compressed, as it is pulled`],
    ['marks', marksOf(view.badges)],
    [
      'base',
      view.base === undefined
        ? undefined
        : `${view.base.image}${view.base.isCurrent === false ? ', which has a newer image' : ''}`,
    ],
    [
      'platform',
      config?.os === undefined ? undefined : platformOf({ os: config.os, architecture: config.architecture ?? '' }),
    ],
    ['user', config?.user],
    ['entrypoint', config?.entrypoint?.join(' ')],
    ['command', config?.cmd?.join(' ')],
    ['directory', config?.workingDir],
    ['ports', config?.exposedPorts?.join(', ')],
    ['volumes', config?.volumes?.join(', ')],
    ...(config?.env ?? []).map((text) => ['env', text] as const),
    ...Object.entries(config?.labels ?? {}).map(([name, text]) => ['label', `${name}=${text}`] as const),
    ...view.platforms.map(
      (each) => ['holds', `${platformOf(each)}  ${bytesOf(each.bytes)}  ${shortDigest(each.digest)}`] as const,
    ),
    ['attestations', view.attestations.length === 0 ? undefined : view.attestations.length],
    ...view.layers.map(
      ({ bytes, digest, instruction }) =>
        ['layer', `${bytesOf(bytes)}  ${shortDigest(digest)}  ${instruction ?? ''}`.trimEnd()] as const,
    ),
    ...view.referrers.map(
      ({ kind, digest, bytes }) => ['about it', `${kind}  ${bytesOf(bytes)}  ${shortDigest(digest)}`] as const,
    ),
    ...(view.regions ?? []).map(({ region, state }) => ['region', `${region}  ${state}`] as const),
    ['pull', view.pullCommands[0]?.command],
  ];
}

async function show({ connect, output }: Context, given: Given): Promise<void> {
  const image = parseImage(given.at(0));
  const api = await (await connect(image)).api;
  const query = { repository: image.repository, reference: image.digest ?? image.tag ?? '' };
  const view = dataOf(await api.GET('/images', { params: { query } }));
  if (given.has('dockerfile')) {
    for (const line of (view.dockerfile ?? '').split('\n')) await output.lineOf(line);
    return;
  }
  const name = `${view.repository}@${view.digest}`;
  if (given.has('config')) {
    const params = { query: { repository: view.repository, digest: view.digest } };
    const config = dataOf(await api.GET('/images/config', { params }));
    // It is a document of JSON whatever the format is, but for the name of what it belongs to.
    if (output.format === 'name') return output.one(config, { name, lines: [] });
    return output.line(harmlessJson(config, 2));
  }
  await output.one(view, { name, lines: linesOf(view) });
}

export const image: Verb = {
  name: 'image',
  does: 'Shows an image: its platforms, layers, configuration, signatures and copies',
  takes: '<image>',
  flags: [
    { flags: '--dockerfile', says: 'shows the instructions that it was made by, alone' },
    { flags: '--config', says: 'prints its config, the JSON that a runtime reads, alone' },
  ],
  examples: ['image team/app:1', 'image team/app:1 --dockerfile', 'image team/app:1 -o name'],
  run: show,
};

export const diff: Verb = {
  name: 'diff',
  does: 'Compares two images: their configurations, their layers, and the bytes that a pull of the second takes',
  takes: '<from> <to>',
  flags: [{ flags: '--platform <platform>', says: 'the platform to compare, as in linux/arm64' }],
  notes: [
    'The lines begin with + for what the second has alone, - for what the first has alone, and ~ for what changed.',
  ],
  examples: ['diff team/app:1 team/app:2', 'diff team/app:1 team/app:2 --platform linux/arm64 -o json'],
  async run({ connect, output }, given) {
    const [from, to] = [parseImage(given.at(0)), parseImage(given.at(1))];
    if (to.origin !== undefined && from.origin !== to.origin)
      throw usageFailure('both images must be in one registry: write its host before both, or before neither');
    const api = await (await connect(from)).api;
    const platform = given.text('platform');
    const query = { from: nameOfImage(from), to: nameOfImage(to), ...(platform === undefined ? {} : { platform }) };
    const found = dataOf(await api.GET('/images/compare', { params: { query } }));
    if (output.format === 'json') return output.one(found, { lines: [], name: '' });
    const marks = { added: '+', removed: '-', changed: '~' } as const;
    const { config, layers, bytes } = found;
    const rows = [
      ...config.map((each) => ({ mark: marks[each.change], what: each.property, from: each.from, to: each.to })),
      ...layers.removed.map((layer) => ({ mark: '-', what: 'layer', from: layerOf(layer), to: undefined })),
      ...layers.added.map((layer) => ({ mark: '+', what: 'layer', from: undefined, to: layerOf(layer) })),
    ];
    await output.list(rows, {
      columns: [
        { title: '', text: ({ mark }) => mark },
        { title: 'WHAT', text: ({ what }) => what },
        { title: 'FROM', mayShrink: true, text: (row) => row.from },
        { title: 'TO', mayShrink: true, text: (row) => row.to },
      ],
      nameOf: ({ mark, what }) => `${mark} ${what}`,
      whenEmpty: 'Configuration and layers are the same.',
    });
    await output.say(
      `${counted(layers.common.length, 'layer')} in common (${bytesOf(bytes.common)}); ` +
        `a pull of the second takes ${bytesOf(bytes.toPull)} more`,
    );
  },
};

function layerOf({ digest, bytes, instruction }: { digest: string; bytes: number; instruction?: string }): string {
  return `${bytesOf(bytes)}  ${shortDigest(digest)}  ${instruction ?? ''}`.trimEnd();
}
