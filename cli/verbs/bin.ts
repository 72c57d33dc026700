import type { components } from '../../generated/api.d.ts';
import { Failure } from '../failure.ts';
import type { List } from '../output.ts';
import type { Reference } from '../registry/address.ts';
import { nameOfImage, parseImage, parseRepository } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import type { ItemOf } from '../registry/pages.ts';
import { itemsOf } from '../registry/pages.ts';
import type { Registry } from '../registry/registry.ts';
import { bytesOf, counted, shortDigest, timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';
import { dryRunFlag, yesFlag } from '../verb.ts';

type Entry = ItemOf<'/bin'>;
type Restored = components['schemas']['BinRestored'];

function nameOfEntry({ repository, digest, tag }: Entry): string {
  return tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`;
}

const shape: List<Entry> = {
  columns: [
    { title: 'DELETED', text: ({ recycledAt }) => timeOf(recycledAt), raw: ({ recycledAt }) => recycledAt },
    {
      title: 'WHAT',
      mayShrink: true,
      text: (entry) =>
        entry.tag === undefined ? `${entry.repository}@${shortDigest(entry.digest)}` : nameOfEntry(entry),
      raw: nameOfEntry,
    },
    { title: 'SIZE', isNumber: true, text: ({ size }) => bytesOf(size), raw: ({ size }) => size },
    { title: 'GONE FOR GOOD', text: ({ purgeAt }) => timeOf(purgeAt), raw: ({ purgeAt }) => purgeAt },
    { title: 'BY', mayShrink: true, text: ({ by }) => (by.rule === undefined ? by.actor : `${by.actor} (${by.rule})`) },
    { title: 'DELETION', text: ({ group }) => group },
  ],
  nameOf: nameOfEntry,
  whenEmpty: 'The recycle bin is empty: what is deleted lies here until it is gone for good.',
};

const ls: Verb = {
  name: 'ls',
  does: 'Lists what was deleted and can be restored, the oldest deletion first',
  takes: '[repository]',
  examples: ['bin ls', 'bin ls team/app -o json'],
  async run({ connect, output }, given) {
    const reference = given.args.length === 0 ? undefined : parseRepository(given.at(0));
    const registry = await connect(reference);
    const query = reference === undefined ? { limit: 100 } : { limit: 100, repository: reference.repository };
    await output.list(itemsOf(registry, '/bin', { query }), shape);
  },
};

/** Finds the newest deletion of an image: a tag may have been deleted several times. */
async function deletedImage(registry: Registry, image: Reference): Promise<Entry> {
  let newest: Entry | undefined;
  for await (const entry of itemsOf(registry, '/bin', { query: { limit: 100, repository: image.repository } }))
    if (image.tag === undefined ? entry.digest === image.digest && entry.tag === undefined : entry.tag === image.tag)
      newest = entry;
  if (newest !== undefined) return newest;
  throw new Failure(
    `${nameOfImage(image)} is not in the recycle bin: longshore bin ls ${image.repository} lists what is`,
  );
}

const restore: Verb = {
  name: 'restore',
  does: 'Restores a deletion with all that it took, or one image or tag',
  takes: '<what>',
  flags: [dryRunFlag],
  notes: [
    'WHAT is the id of a deletion, which bin ls shows, an image such as team/app:1, or one by its digest.',
    'A tag whose name has another image by now stays in the bin: that is said, and the exit code is 1.',
  ],
  examples: ['bin restore team/app:1', 'bin restore f1b6c2d4-0000-4000-8000-000000000000 --dry-run'],
  async run({ connect, output }, given) {
    const isImage = /[:@/]/.test(given.at(0));
    const image = isImage ? parseImage(given.at(0)) : undefined;
    const registry = await connect(image);
    const api = await registry.api;
    const entry = image === undefined ? undefined : await deletedImage(registry, image);
    if (given.has('dryRun')) {
      const entries =
        entry === undefined
          ? dataOf(await api.GET('/bin/{group}', { params: { path: { group: given.at(0) } } })).items
          : [entry];
      return output.list(entries, shape);
    }
    const body =
      entry === undefined
        ? { group: given.at(0) }
        : {
            repository: entry.repository,
            digest: entry.digest,
            ...(entry.tag === undefined ? {} : { tag: entry.tag }),
          };
    const restored = dataOf(await api.POST('/bin/restore', { body }));
    await output.one(restored, {
      name: [...restored.tags, ...restored.manifests],
      lines: [
        ['restored', `${counted(restored.manifests.length, 'manifest')}, ${counted(restored.tags.length, 'tag')}`],
        ['tags', restored.tags.join(', ')],
        [
          'left in the bin',
          restored.taken.length === 0
            ? undefined
            : `${restored.taken.join(', ')}: these names have other images by now`,
        ],
      ],
    });
    if (restored.taken.length > 0) throw new Failure(takenWords(restored));
  },
};

/** Says what was not restored, and what to do. */
function takenWords({ taken, tags, manifests }: Restored): string {
  const isNothing = tags.length + manifests.length === 0;
  return (
    `${isNothing ? 'nothing was restored' : 'not everything was restored'}: ${taken.join(', ')} ` +
    `${taken.length === 1 ? 'has another image by now; delete that tag' : 'have other images by now; delete those tags'}, ` +
    'then restore again'
  );
}

const deletionList: List<ItemOf<'/bin/deletions'>> = {
  columns: [
    { title: 'DELETED', text: ({ recycledAt }) => timeOf(recycledAt), raw: ({ recycledAt }) => recycledAt },
    { title: 'REPOSITORY', mayShrink: true, text: ({ repository }) => repository },
    { title: 'TAGS', isNumber: true, text: ({ tags }) => String(tags) },
    { title: 'IMAGES', isNumber: true, text: ({ manifests }) => String(manifests) },
    {
      title: 'SIZE',
      isNumber: true,
      text: ({ bytes, isAtLeast }) => `${isAtLeast === true ? 'at least ' : ''}${bytesOf(bytes)}`,
      raw: ({ bytes }) => bytes,
    },
    { title: 'GONE FOR GOOD', text: ({ purgeAt }) => timeOf(purgeAt), raw: ({ purgeAt }) => purgeAt },
    { title: 'BY', mayShrink: true, text: ({ by }) => (by.rule === undefined ? by.actor : `${by.actor} (${by.rule})`) },
    { title: 'DELETION', text: ({ group }) => group },
  ],
  nameOf: ({ group }) => group,
  whenEmpty: shape.whenEmpty,
};

const deletions: Verb = {
  name: 'deletions',
  does: 'Lists the deletions in the recycle bin, each with the number of what it took, the newest first',
  takes: '[repository]',
  examples: ['bin deletions', 'bin deletions team/app -o name'],
  async run({ connect, output }, given) {
    const reference = given.args.length === 0 ? undefined : parseRepository(given.at(0));
    const query = reference === undefined ? { limit: 100 } : { limit: 100, repository: reference.repository };
    await output.list(itemsOf(await connect(reference), '/bin/deletions', { query }), deletionList);
  },
};

const purge: Verb = {
  name: 'purge',
  does: 'Deletes for good what one deletion took: it cannot be restored any more',
  takes: '<deletion>',
  flags: [yesFlag, dryRunFlag],
  notes: [
    'DELETION is an id, which bin deletions shows. What was added to the deletion since it was shown stops this.',
  ],
  examples: ['bin purge f1b6c2d4-0000-4000-8000-000000000000 --dry-run'],
  async run(context, given) {
    const { output } = context;
    const group = given.at(0);
    const api = await (await context.connect()).api;
    const { items, count } = dataOf(await api.GET('/bin/{group}', { params: { path: { group } } }));
    if (given.has('dryRun')) return output.list(items, shape);
    const [first] = items;
    const what = first === undefined ? group : `${nameOfEntry(first)}${count > 1 ? ` and ${count - 1} more` : ''}`;
    await context.confirm(`${what}: gone for good, and not to be restored. Purge?`, given.has('yes'));
    const purged = dataOf(await api.POST('/bin/purge', { body: { group, count } }));
    await output.one(purged, {
      name: group,
      lines: [['gone for good', `${counted(purged.manifests, 'manifest')}, ${counted(purged.tags, 'tag')}`]],
    });
  },
};

export const bin: Verb = {
  name: 'bin',
  does: 'Shows and restores what was deleted, or deletes it for good',
  verbs: [ls, deletions, restore, purge],
};
