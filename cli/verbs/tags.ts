import type { List } from '../output.ts';
import { parseRepository } from '../registry/address.ts';
import type { ItemOf } from '../registry/pages.ts';
import { itemsOf } from '../registry/pages.ts';
import { bytesOf, shortDigest, timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';
import type { Sort } from './repos.ts';
import { orderOf, sortFlags } from './repos.ts';

type Tag = ItemOf<'/repositories/tags'>;

/** Returns `linux/amd64`, with the variant where there is one. */
export function platformOf({
  os,
  architecture,
  variant,
}: {
  os: string;
  architecture: string;
  variant?: string;
}): string {
  return [os, architecture, variant].filter((part) => part !== undefined && part !== '').join('/');
}

/** Returns the marks of an image as words. */
export function marksOf({ signed, sbom, attested, locked, held, quarantine, purgeDueAt }: Tag['badges']): string {
  return [
    signed ? 'signed' : '',
    sbom ? 'sbom' : '',
    attested ? 'attested' : '',
    locked ? 'locked' : '',
    held ? 'held' : '',
    quarantine === undefined ? '' : `quarantine: ${quarantine}`,
    purgeDueAt === undefined ? '' : `purged ${timeOf(purgeDueAt)}`,
  ]
    .filter((mark) => mark !== '')
    .join(', ');
}

const shape: List<Tag> = {
  columns: [
    { title: 'TAG', mayShrink: true, text: ({ name }) => name },
    { title: 'DIGEST', text: ({ digest }) => shortDigest(digest), raw: ({ digest }) => digest },
    { title: 'PUSHED', text: ({ pushedAt }) => timeOf(pushedAt), raw: ({ pushedAt }) => pushedAt },
    { title: 'LAST PULL', text: ({ lastPull }) => timeOf(lastPull), raw: ({ lastPull }) => lastPull },
    { title: 'PULLS 30 D', isNumber: true, text: ({ pulls30d }) => (pulls30d === undefined ? '' : String(pulls30d)) },
    { title: 'SIZE', isNumber: true, text: ({ bytes }) => bytesOf(bytes), raw: ({ bytes }) => bytes },
    { title: 'PLATFORMS', mayShrink: true, text: ({ platforms }) => platforms.map(platformOf).join(', ') },
    { title: 'ALSO', mayShrink: true, text: ({ aliases }) => aliases.join(', ') },
    { title: 'MARKS', mayShrink: true, text: ({ badges }) => marksOf(badges) },
  ],
  nameOf: ({ name }) => name,
  whenEmpty: 'The repository has no such tag: docker push makes one.',
};

export const tags: Verb = {
  name: 'tags',
  does: 'Lists the tags of a repository in their natural order, with sizes, pulls and platforms',
  takes: '<repository>',
  flags: sortFlags,
  examples: ['tags team/app', "tags team/app --search 'build-*' --sort pushed --desc", 'tags team/app -o name'],
  async run({ connect, output }, given) {
    const { repository, ...reference } = parseRepository(given.at(0));
    const [search, sort] = [given.text('search'), given.text('sort') as Sort | undefined];
    const query = {
      limit: 100,
      repository,
      ...(search === undefined ? {} : { search }),
      ...(sort === undefined ? {} : { sort }),
      ...orderOf((flag) => given.has(flag)),
    };
    await output.list(itemsOf(await connect(reference), '/repositories/tags', { query }), shape);
  },
};
