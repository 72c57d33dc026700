import type { components } from '../../generated/api.d.ts';
import { nameOfImage, parseImage } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import { harmless } from '../text/harmless.ts';
import { shortDigest } from '../text/words.ts';
import type { Verb } from '../verb.ts';

type Tree = components['schemas']['DependentsTree'];

/** Says whether an image is built on what the tag of its base points at by now. */
function currencyOf({ isCurrent }: { readonly isCurrent?: boolean }): 'current' | 'outdated' | 'unknown' {
  if (isCurrent === undefined) return 'unknown';
  return isCurrent ? 'current' : 'outdated';
}

const marks = { current: '  current', outdated: '  outdated', unknown: '' } as const;

/** Yields the lines of a tree, each below what it is built on. */
function* linesOf({ dependents }: Tree, before: string): Generator<string> {
  for (const [at, dependent] of dependents.entries()) {
    const isLast = at === dependents.length - 1;
    yield `${before}${isLast ? '└─ ' : '├─ '}${harmless(dependent.image)}${marks[currencyOf(dependent)]}`;
    yield* linesOf(dependent, before + (isLast ? '   ' : '│  '));
  }
}

interface Pair {
  readonly image: string;
  readonly base: string;
  readonly is: string;
}

/** Yields every image of a tree with the one that it is built on. */
function* pairsOf({ image, dependents }: Tree): Generator<Pair> {
  for (const dependent of dependents) {
    yield { image: dependent.image, base: image, is: currencyOf(dependent) };
    yield* pairsOf(dependent);
  }
}

const tree: Verb = {
  name: 'tree',
  does: 'Shows the images that are built on an image, and those that are built on them',
  takes: '<image>',
  notes: [
    'An outdated image was built on what the tag of its base pointed at before; nothing is said where that is not known.',
  ],
  examples: ['bases tree team/base:1', 'bases tree team/base:1 -o name'],
  async run({ connect, output }, given) {
    const image = parseImage(given.at(0));
    const api = await (await connect(image)).api;
    const found = dataOf(await api.GET('/bases/tree', { params: { query: { image: nameOfImage(image) } } }));
    if (output.format === 'json') return output.one(found, { lines: [], name: '' });
    if (output.format === 'table') {
      for (const line of [harmless(found.image), ...linesOf(found, '')]) await output.line(line);
      if (found.dependents.length === 0) await output.say('Nothing is built on it, as far as the registry knows.');
      return;
    }
    await output.list(pairsOf(found), {
      columns: [
        { title: 'IMAGE', text: ({ image: name }) => name },
        { title: 'BASE', text: ({ base }) => base },
        { title: 'IS', text: ({ is }) => is },
      ],
      nameOf: ({ image: name }) => name,
      whenEmpty: 'Nothing is built on it, as far as the registry knows.',
    });
  },
};

const of: Verb = {
  name: 'of',
  does: 'Lists what an image is built on, and by which evidence',
  takes: '<image>',
  examples: ['bases of team/app:1', 'bases of team/app:1 -o json'],
  async run({ connect, output }, given) {
    const image = parseImage(given.at(0));
    const api = await (await connect(image)).api;
    const { bases: found, refused } = dataOf(
      await api.GET('/bases', { params: { query: { image: nameOfImage(image), limit: 1 } } }),
    );
    await output.list(found, {
      columns: [
        { title: 'BASE', mayShrink: true, text: (base) => base.image },
        { title: 'IS', text: (base) => currencyOf(base) },
        {
          title: 'BY',
          mayShrink: true,
          text: (base) => base.found.map(({ evidence, confidence }) => `${evidence} (${confidence})`).join(', '),
        },
        { title: 'BUILT ON', mayShrink: true, text: (base) => shortDigest(base.found[0]?.baseDigest) },
      ],
      nameOf: (base) => base.image,
      whenEmpty: 'No base of it is known: docs/rebuilds.md says how the registry learns one.',
    });
    for (const { base, path } of refused)
      await output.say(`${base} is not followed, because the image would depend on itself: ${path.join(' > ')}`);
  },
};

export const bases: Verb = { name: 'bases', does: 'Shows what is built on what', verbs: [of, tree] };
