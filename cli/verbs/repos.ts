import type { Context } from '../context.ts';
import { usageFailure } from '../failure.ts';
import type { List } from '../output.ts';
import type { ItemOf } from '../registry/pages.ts';
import { itemsOf } from '../registry/pages.ts';
import { bytesOf, timeOf } from '../text/words.ts';
import type { Flag, Given, Verb } from '../verb.ts';

const orders = ['name', 'pushed', 'pulled', 'size'] as const;
export type Sort = (typeof orders)[number];

export const sortFlags: readonly Flag[] = [
  { flags: '--sort <by>', says: 'name, pushed, pulled or size (name)', choices: orders },
  { flags: '--desc', says: 'the last or largest first' },
  { flags: '--asc', says: 'the first or smallest first' },
  { flags: '--search <pattern>', says: 'the names with that beginning, or with * for any text' },
];

const shape: List<ItemOf<'/repositories'>> = {
  columns: [
    { title: 'REPOSITORY', mayShrink: true, text: ({ name }) => name },
    { title: 'TAGS', isNumber: true, text: ({ tags }) => (tags === undefined ? '' : String(tags)) },
    { title: 'IMAGES', isNumber: true, text: ({ manifests }) => (manifests === undefined ? '' : String(manifests)) },
    { title: 'SIZE', isNumber: true, text: ({ bytes }) => bytesOf(bytes), raw: ({ bytes }) => bytes },
    {
      title: 'OF ITS OWN',
      isNumber: true,
      text: ({ uniqueBytes }) => bytesOf(uniqueBytes),
      raw: ({ uniqueBytes }) => uniqueBytes,
    },
    { title: 'PULLS', isNumber: true, text: ({ pulls }) => (pulls === undefined ? '' : String(pulls)) },
    { title: 'LAST PUSH', text: ({ lastPush }) => timeOf(lastPush), raw: ({ lastPush }) => lastPush },
    { title: 'LAST PULL', text: ({ lastPull }) => timeOf(lastPull), raw: ({ lastPull }) => lastPull },
  ],
  nameOf: ({ name }) => name,
  whenEmpty: 'There is no such repository: push an image, as in docker push HOST/team/app:1.',
};

/** Returns the order that the flags ask for; the registry has an order of its own without them. */
export function orderOf(has: (flag: string) => boolean): { order?: 'asc' | 'desc' } {
  if (has('desc')) return { order: 'desc' };
  return has('asc') ? { order: 'asc' } : {};
}

/** Lists one level of the tree of names: a folder is a name with its slash, and the prefix of the next level. */
async function listLevel({ connect, output }: Context, given: Given): Promise<void> {
  if (['sort', 'search'].some((flag) => given.text(flag) !== undefined) || given.has('desc') || given.has('asc'))
    throw usageFailure('--tree lists names in their order: leave out --sort, --search, --desc and --asc');
  const [prefix] = given.args;
  const query = { limit: 100, ...(prefix === undefined ? {} : { prefix }) };
  await output.list(itemsOf(await connect(), '/repositories/tree', { query }), {
    columns: [
      { title: 'NAME', mayShrink: true, text: ({ name }) => name },
      { title: 'KIND', text: ({ kind }) => kind },
    ],
    nameOf: ({ name }) => name,
    whenEmpty: shape.whenEmpty,
  });
}

export const repos: Verb = {
  name: 'repos',
  does: 'Lists the repositories, sorted and searched by the registry',
  takes: '[prefix]',
  flags: [...sortFlags, { flags: '--tree', says: 'the repositories and folders directly below the prefix, alone' }],
  examples: ['repos', 'repos team/ --sort size --desc', 'repos team/ --tree', 'repos -o name'],
  async run(context, given) {
    const [prefix, search, sort] = [given.args[0], given.text('search'), given.text('sort') as Sort | undefined];
    if (given.has('tree')) return listLevel(context, given);
    const { connect, output } = context;
    const query = {
      limit: 100,
      ...(prefix === undefined ? {} : { prefix }),
      ...(search === undefined ? {} : { search }),
      ...(sort === undefined ? {} : { sort }),
      ...orderOf((flag) => given.has(flag)),
    };
    await output.list(itemsOf(await connect(), '/repositories', { query }), shape);
  },
};
