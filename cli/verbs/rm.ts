import type { components } from '../../generated/api.d.ts';
import type { Context } from '../context.ts';
import { exits, Failure } from '../failure.ts';
import type { Reference } from '../registry/address.ts';
import { nameOfImage, parseReference } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import type { Registry } from '../registry/registry.ts';
import { bytesOf, counted, timeOf } from '../text/words.ts';
import type { Given, Verb } from '../verb.ts';
import { dryRunFlag, yesFlag } from '../verb.ts';
import { matchFlags, matchOf, removeMatches } from './bulk.ts';

type Deletion = components['schemas']['DeletionPreview'];

function linesOf(
  name: string,
  { goes, bytes, freedAt, purgedAt, blockedBy }: Deletion,
): (readonly [string, string | undefined])[] {
  return [
    ['deletes', name],
    ['tags', goes.tags.join(', ')],
    ['manifests', `${goes.manifests.length}${goes.more === true ? ' or more' : ''}`],
    [
      'frees',
      `${bytes.isAtLeast === true ? 'at least ' : ''}${bytesOf(bytes.freed)}${freedAt === undefined ? '' : ` on ${timeOf(freedAt)}`}`,
    ],
    ['restorable until', timeOf(purgedAt)],
    ['held by', blockedBy?.map(({ what, why }) => `${what}: ${why}`).join('; ')],
  ];
}

async function removeImage(context: Context, registry: Registry, image: Reference, given: Given): Promise<void> {
  const { output, world } = context;
  const api = await registry.api;
  const reference = image.digest ?? image.tag ?? '';
  const query = { repository: image.repository, reference };
  const deletion = dataOf(await api.GET('/images/deletion', { params: { query } }));
  const name = nameOfImage(image);
  const shown = { name, lines: linesOf(name, deletion) };
  if (given.has('dryRun')) return output.one(deletion, shown);
  const [blocked] = deletion.blockedBy ?? [];
  if (blocked !== undefined)
    throw new Failure(`${name} stays, because ${blocked.what} is held: ${blocked.why}`, exits.refused);
  const { goes, bytes } = deletion;
  await context.confirm(
    `${name}: ${counted(goes.tags.length, 'tag')} and ${counted(goes.manifests.length, 'manifest')} go to the recycle bin, ` +
      `${bytesOf(bytes.freed)}. Delete?`,
    given.has('yes'),
  );
  // Nothing goes but what was shown: a tag that has moved since is refused.
  const { group } = dataOf(await api.DELETE('/images', { params: { query: { ...query, digest: deletion.digest } } }));
  await output.one(group === undefined ? deletion : { ...deletion, group }, {
    name,
    lines: [...shown.lines, ['deletion', group]],
  });
  if (group !== undefined) await output.say(`undo it: ${world.call} bin restore ${name}`);
}

async function removeRepository(context: Context, registry: Registry, repository: string, given: Given): Promise<void> {
  const { output, world } = context;
  let found: { readonly name: string; readonly tags?: number; readonly bytes?: number } | undefined;
  for await (const each of itemsOf(registry, '/repositories', { query: { prefix: repository, limit: 1 } })) {
    if (each.name === repository) found = each;
    break;
  }
  if (found === undefined)
    throw new Failure(`there is no repository ${repository}: ${world.call} repos lists what there is`);
  const size = `${found.tags === undefined ? 'all its tags' : counted(found.tags, 'tag')}, ${bytesOf(found.bytes) || 'size unknown'}`;
  const shown = { name: repository, lines: [['deletes', `the repository ${repository} with ${size}`]] as const };
  if (given.has('dryRun')) return output.one({ repository, ...found }, shown);
  await context.confirm(`The whole repository ${repository} goes: ${size}. Delete it?`, given.has('yes'));
  await registry.ask('DELETE', `/acr/v1/${repository}`);
  await output.one({ repository, ...found }, shown);
  await output.say(
    `undo it: ${world.call} bin ls ${repository} shows its deletions, bin restore DELETION brings them back`,
  );
}

export const rm: Verb = {
  name: 'rm',
  does: 'Deletes a tag, an image by its digest with all of its tags, all tags that match, or a whole repository',
  takes: '<what>',
  flags: [
    ...matchFlags,
    { flags: '--repository', says: 'deletes the repository with everything in it' },
    yesFlag,
    dryRunFlag,
  ],
  notes: ['What is deleted lies in the recycle bin first. A tag goes alone: its image stays while it has other tags.'],
  examples: [
    'rm team/app:1',
    'rm team/app:1 --dry-run -o json',
    "rm team/app --search 'pr-*' --dry-run",
    'rm team/old --repository --yes',
  ],
  async run(context, given) {
    const { origin, ...reference } = parseReference(given.at(0));
    if (reference.tag !== undefined && reference.digest !== undefined)
      throw new Failure(
        'it has a tag and a digest: leave out the digest to delete the tag alone, or the tag to delete the image with all of its tags',
        exits.usage,
      );
    const isImage = reference.tag !== undefined || reference.digest !== undefined;
    const isMatch = matchOf(given) !== undefined;
    if (isMatch && (isImage || given.has('repository')))
      throw new Failure(
        `--search, --pushed-before and --untagged are about a repository: ` +
          `give its name alone, as in rm ${reference.repository}`,
        exits.usage,
      );
    if (!isMatch && isImage === given.has('repository'))
      throw new Failure(
        isImage
          ? `${nameOfImage(reference)} is an image: leave out --repository, or the tag`
          : `${reference.repository} is a repository: add --repository to delete all of it, ` +
              `--search for the tags that match, or a tag to delete that`,
        exits.usage,
      );
    const registry = await context.connect(origin === undefined ? {} : { origin });
    if (isMatch) return removeMatches(context, registry, reference.repository, given);
    if (isImage) return removeImage(context, registry, reference, given);
    return removeRepository(context, registry, reference.repository, given);
  },
};
