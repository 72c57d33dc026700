import type { components } from '../../generated/api.d.ts';
import type { Context } from '../context.ts';
import { barOf } from '../context.ts';
import { Failure, usageFailure } from '../failure.ts';
import type { List } from '../output.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import type { Registry } from '../registry/registry.ts';
import { counted, shortDigest, timeOf } from '../text/words.ts';
import type { Flag, Given, Verb } from '../verb.ts';

type Bulk = components['schemas']['BulkDeletion'];

/** The flags of `rm` that delete all that matches. */
export const matchFlags: readonly Flag[] = [
  { flags: '--search <pattern>', says: 'deletes the tags whose names begin so, or match a pattern with *' },
  { flags: '--pushed-before <time>', says: 'deletes only what was last pushed before, as in 2026-01-31T00:00:00Z' },
  { flags: '--untagged', says: 'deletes the manifests without a tag, and no tags' },
];

interface Which {
  readonly search?: string;
  readonly pushedBefore?: string;
  readonly untagged?: true;
}

/** Returns what the flags say is to be deleted; `undefined` without any of them. */
export function matchOf(given: Given): Which | undefined {
  const [search, pushedBefore] = [given.text('search'), given.text('pushedBefore')];
  const which: Which = {
    ...(search === undefined ? {} : { search }),
    ...(pushedBefore === undefined ? {} : { pushedBefore }),
    ...(given.has('untagged') ? { untagged: true } : {}),
  };
  return Object.keys(which).length === 0 ? undefined : which;
}

interface Match {
  readonly name: string;
  readonly digest: string;
  readonly pushedAt: string;
}

/** Yields what matches now, by the lists that the registry has. */
async function* matches(
  registry: Registry,
  repository: string,
  { search, pushedBefore, untagged }: Which,
): AsyncGenerator<Match> {
  const before = pushedBefore === undefined ? Infinity : Date.parse(pushedBefore);
  const isOld = ({ pushedAt }: { readonly pushedAt: string }) => Date.parse(pushedAt) < before;
  if (untagged === true) {
    const query = { repository, kind: 'untagged' as const, limit: 100 };
    for await (const each of itemsOf(registry, '/repositories/manifests', { query }))
      if (isOld(each)) yield { ...each, name: `${repository}@${each.digest}` };
    return;
  }
  const query = { repository, limit: 100, ...(search === undefined ? {} : { search }) };
  for await (const each of itemsOf(registry, '/repositories/tags', { query }))
    if (isOld(each)) yield { ...each, name: `${repository}:${each.name}` };
}

const matchList: List<Match> = {
  columns: [
    { title: 'DELETES', mayShrink: true, text: ({ name }) => name },
    { title: 'DIGEST', text: ({ digest }) => shortDigest(digest), raw: ({ digest }) => digest },
    { title: 'PUSHED', text: ({ pushedAt }) => timeOf(pushedAt), raw: ({ pushedAt }) => pushedAt },
  ],
  nameOf: ({ name }) => name,
  whenEmpty: 'Nothing matches, so nothing would be deleted.',
};

function linesOf(bulk: Bulk): (readonly [string, string | number | undefined])[] {
  return [
    ['bulk deletion', bulk.id],
    ['state', bulk.state],
    ['deleted', `${bulk.deleted} of ${bulk.matched}`],
    ...bulk.kept.map(({ tag, digest, why }) => ['stays', `${tag ?? shortDigest(digest)}: ${why}`] as const),
    [
      'undone',
      bulk.undo === undefined
        ? undefined
        : `${counted(bulk.undo.tags, 'tag')}, ${counted(bulk.undo.manifests, 'manifest')}`,
    ],
  ];
}

/** Waits until a bulk deletion, or its undoing, has ended. The registry goes on with it whether somebody waits or not. */
async function ended(context: Context, registry: Registry, begun: Bulk): Promise<Bulk> {
  const api = await registry.api;
  let bulk = begun;
  return context.goingOn('The bulk deletion', `bulk watch ${bulk.id}`, async () => {
    while (bulk.state === 'running' || bulk.undo?.state === 'running') {
      await context.progress(`${barOf(bulk.undo?.tags ?? bulk.deleted, bulk.matched)} ${bulk.state}`);
      await context.world.pause(1_000, context.world.interrupted);
      bulk = dataOf(await api.GET('/bulk-deletions/{id}', { params: { path: { id: bulk.id } } }));
    }
    await context.progress('');
    return bulk;
  });
}

/** Shows a bulk deletion that has ended, and fails where it did less than it was asked for. */
async function report(context: Context, bulk: Bulk): Promise<void> {
  const { call } = context.world;
  await context.output.one(bulk, { name: bulk.id, lines: linesOf(bulk) });
  if (bulk.undo !== undefined) {
    reportUndo(bulk.undo, bulk);
    return;
  }
  if (bulk.deleted > 0) await context.output.say(`undo it: ${call} bulk undo ${bulk.id}`);
  if (bulk.state !== 'done')
    throw new Failure(`the bulk deletion ${bulk.id} ${endings[bulk.state]}: ${bulk.reason ?? 'no reason is given'}`);
  if (bulk.keptCount > 0)
    throw new Failure(
      `${bulk.deleted === 0 ? 'nothing was deleted' : `${bulk.deleted} of ${bulk.matched} were deleted`}, ` +
        `and ${bulk.keptCount} stay: ${firstKept(bulk)}; ${call} bulk watch ${bulk.id} -o json has the others`,
    );
}

const endings = { running: 'is under way', done: 'is done', failed: 'failed', cancelled: 'was cancelled' } as const;

function firstKept({ kept: [first] }: Bulk): string {
  return first === undefined
    ? 'no reason is given'
    : `${first.tag ?? shortDigest(first.digest)}, because ${sentence(first.why)}`;
}

/** Makes a part of another sentence of a sentence. */
function sentence(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1).replace(/\.$/, '')}`;
}

function reportUndo(undo: NonNullable<Bulk['undo']>, { id, reason }: Bulk): void {
  if (undo.state === 'failed')
    throw new Failure(`the bulk deletion ${id} could not be undone: ${reason ?? 'no reason is given'}`);
  if (undo.taken.length > 0)
    throw new Failure(
      `${undo.taken.join(', ')} ${undo.taken.length === 1 ? 'stays' : 'stay'} in the recycle bin: ` +
        'other images have these names by now; delete those tags, then undo it again',
    );
}

/** Deletes all that matches, by one call that goes on when this command has ended. */
export async function removeMatches(
  context: Context,
  registry: Registry,
  repository: string,
  given: Given,
): Promise<void> {
  const which = matchOf(given) ?? {};
  if (which.pushedBefore !== undefined && Number.isNaN(Date.parse(which.pushedBefore)))
    throw usageFailure('--pushed-before must be a time, as in 2026-01-31T00:00:00Z');
  if (given.has('dryRun')) return context.output.list(matches(registry, repository, which), matchList);
  let count = 0;
  if (!given.has('yes')) for await (const _ of matches(registry, repository, which)) count += 1;
  const what = counted(count, which.untagged === true ? 'manifest' : 'tag');
  await context.confirm(`${what} of ${repository} go to the recycle bin. Delete?`, given.has('yes'));
  // Nothing is deleted but what a person has seen counted; with --yes nobody has counted.
  const expected = given.has('yes') ? {} : { expected: count };
  const api = await registry.api;
  const begun = dataOf(await api.POST('/bulk-deletions', { body: { repository, ...which, ...expected } }));
  await report(context, await ended(context, registry, begun));
}

const watch: Verb = {
  name: 'watch',
  does: 'Waits for the end of a bulk deletion, and shows what it deleted and what stays',
  takes: '<id>',
  notes: ['The exit code is 0 when everything was deleted, 1 when anything stays, and 130 after Ctrl-C.'],
  examples: ['bulk watch ID'],
  async run(context, given) {
    const registry = await context.connect();
    const api = await registry.api;
    const begun = dataOf(await api.GET('/bulk-deletions/{id}', { params: { path: { id: given.at(0) } } }));
    await report(context, await ended(context, registry, begun));
  },
};

const ls: Verb = {
  name: 'ls',
  does: 'Lists the bulk deletions of the last 90 days, the newest first',
  examples: ['bulk ls'],
  async run({ connect, output }) {
    await output.list(itemsOf(await connect(), '/bulk-deletions', { query: { limit: 100 } }), {
      columns: [
        { title: 'BEGAN', text: ({ createdAt }) => timeOf(createdAt), raw: ({ createdAt }) => createdAt },
        { title: 'STATE', isState: true, text: ({ state }) => state },
        { title: 'REPOSITORY', mayShrink: true, text: ({ repository }) => repository },
        { title: 'DELETED', isNumber: true, text: ({ deleted }) => String(deleted) },
        { title: 'OF', isNumber: true, text: ({ matched }) => String(matched) },
        { title: 'BY', mayShrink: true, text: ({ by }) => by },
        { title: 'ID', text: ({ id }) => id },
      ],
      nameOf: ({ id }) => id,
      whenEmpty: 'There is no bulk deletion: rm REPOSITORY --search PATTERN makes one.',
    });
  },
};

function steering(name: 'cancel' | 'undo', does: string): Verb {
  return {
    name,
    does,
    takes: '<id>',
    examples: [`bulk ${name} ID`],
    async run(context, given) {
      const registry = await context.connect();
      const api = await registry.api;
      const params = { params: { path: { id: given.at(0) } } };
      const begun =
        name === 'undo'
          ? dataOf(await api.POST('/bulk-deletions/{id}/undo', params))
          : dataOf(await api.POST('/bulk-deletions/{id}/cancel', params));
      const bulk = await ended(context, registry, begun);
      if (name === 'undo') return report(context, bulk);
      await context.output.one(bulk, { name: bulk.id, lines: linesOf(bulk) });
    },
  };
}

export const bulk: Verb = {
  name: 'bulk',
  does: 'Shows, follows, cancels and undoes deletions of many tags',
  verbs: [
    ls,
    watch,
    steering('cancel', 'Cancels a bulk deletion: what it has deleted stays in the recycle bin'),
    steering('undo', 'Restores all that a bulk deletion has deleted'),
  ],
};
