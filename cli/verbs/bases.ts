import type { components } from '../../generated/api.d.ts';
import { nameOfImage, parseImage } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import { harmless } from '../text/harmless.ts';
import type { Verb } from '../verb.ts';

type Tree = components['schemas']['DependentsTree'];

/** Yields the lines of a tree, each below what it is built on. */
function* linesOf({ dependents }: Tree, before: string): Generator<string> {
  for (const [at, dependent] of dependents.entries()) {
    const isLast = at === dependents.length - 1;
    yield `${before}${isLast ? '└─ ' : '├─ '}${harmless(dependent.image)}`;
    yield* linesOf(dependent, before + (isLast ? '   ' : '│  '));
  }
}

/** Yields every image of a tree with the one that it is built on. */
function* pairsOf({ image, dependents }: Tree): Generator<{ readonly image: string; readonly base: string }> {
  for (const dependent of dependents) {
    yield { image: dependent.image, base: image };
    yield* pairsOf(dependent);
  }
}

const tree: Verb = {
  name: 'tree',
  does: 'Shows the images that are built on an image, and those that are built on them',
  takes: '<image>',
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
      ],
      nameOf: ({ image: name }) => name,
      whenEmpty: 'Nothing is built on it, as far as the registry knows.',
    });
  },
};

export const bases: Verb = { name: 'bases', does: 'Shows what is built on what', verbs: [tree] };
