import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import type { List, Pair } from '../output.ts';
import { readJsonInput } from '../registry/input.ts';
import type { Api, Registry } from '../registry/registry.ts';
import type { Flag, Given, Verb } from '../verb.ts';
import { dryRunFlag, yesFlag } from '../verb.ts';

/** A kind of things that have names and settings, such as tasks. Their verbs differ in nothing but what is here. */
export interface Kind<Thing extends object> {
  /** The group of its verbs, as in `tasks`. */
  readonly group: string;
  /** One of them in words, as in `task`. */
  readonly one: string;
  /** The argument that names one, as in `<task>`. */
  readonly takes: string;
  /** A name for the examples. */
  readonly example: string;
  readonly all: (registry: Registry) => AsyncIterable<Thing>;
  readonly get: (api: Api, name: string) => Promise<object>;
  readonly list: List<Thing>;
  readonly linesOf: (thing: Thing) => readonly Pair[];
}

/** Shows one thing; its JSON is the API's. */
export async function showThing<Thing extends object>(
  { output }: Context,
  kind: Kind<Thing>,
  thing: Thing,
): Promise<void> {
  await output.one(thing, { name: kind.list.nameOf(thing), lines: kind.linesOf(thing) });
}

export function lsOf<Thing extends object>(kind: Kind<Thing>, does: string): Verb {
  return {
    name: 'ls',
    does,
    examples: [`${kind.group} ls`, `${kind.group} ls -o name`],
    async run({ connect, output }) {
      await output.list(kind.all(await connect()), kind.list);
    },
  };
}

export function showOf<Thing extends object>(kind: Kind<Thing>, does: string): Verb {
  return {
    name: 'show',
    does,
    takes: kind.takes,
    examples: [`${kind.group} show ${kind.example}`, `${kind.group} show ${kind.example} -o json`],
    async run(context, given) {
      const thing = await kind.get(await (await context.connect()).api, given.at(0));
      await showThing(context, kind, thing as Thing);
    },
  };
}

/** Refuses to replace by accident what has the name already. */
export async function refuseTaken<Thing extends object>(
  { world }: Context,
  kind: Kind<Thing>,
  registry: Registry,
  name: string,
  next = 'create --replace',
): Promise<void> {
  const { group, one, list } = kind;
  for await (const each of kind.all(registry))
    if (list.nameOf(each) === name)
      throw new Failure(`there is the ${one} ${name} already: ${world.call} ${group} ${next} changes it`);
}

/** The flags that say the common case in place of the JSON. */
export interface Short<Content> {
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  /** Returns what the flags say; `undefined` where there is none, so that the JSON is read. */
  readonly body: (given: Given) => Promise<Content | undefined>;
}

interface Creating<Content> {
  readonly does: string;
  readonly notes: readonly string[];
  readonly short?: Short<Content>;
  readonly put: (api: Api, name: string, body: Content) => Promise<object>;
}

/** The verb that makes one of the JSON of its settings, which is read from the standard input. */
export function createOf<Thing extends object, Content>(kind: Kind<Thing>, making: Creating<Content>): Verb {
  const { group, example, one, takes } = kind;
  return {
    name: 'create',
    does: making.does,
    takes,
    flags: [
      ...(making.short?.flags ?? []),
      { flags: '--replace', says: `replaces the ${one} that has the name, with all of its settings` },
    ],
    notes: making.notes,
    examples: [...(making.short?.examples ?? []), `${group} create ${example} < ${example}.json`],
    async run(context, given) {
      const name = given.at(0);
      const body =
        (await making.short?.body(given)) ??
        (await readJsonInput<Content>(context.world, `${group} create ${name} < ${name}.json`));
      const registry = await context.connect();
      if (!given.has('replace')) await refuseTaken(context, kind, registry, name);
      await showThing(context, kind, (await making.put(await registry.api, name, body)) as Thing);
    },
  };
}

/** The verb that changes one by the JSON of what changes. */
export function editOf<Thing extends object>(
  kind: Kind<Thing>,
  patch: (api: Api, name: string, body: never) => Promise<object>,
  short?: Short<object>,
): Verb {
  const { group, example, one, takes } = kind;
  return {
    name: 'edit',
    does: `Changes a ${one} by the JSON of what changes on the standard input; null takes a property out`,
    takes,
    ...(short === undefined ? {} : { flags: short.flags }),
    examples: [...(short?.examples ?? []), `${group} edit ${example} < changes.json`],
    async run(context, given) {
      const name = given.at(0);
      const body =
        (await short?.body(given)) ??
        (await readJsonInput<object>(context.world, `${group} edit ${name} < changes.json`));
      await showThing(context, kind, (await patch(await (await context.connect()).api, name, body as never)) as Thing);
    },
  };
}

interface Removing<Thing> {
  readonly does: string;
  /** The question's first sentence: that which is lost. */
  readonly loses: (thing: Thing) => string;
  readonly remove: (api: Api, name: string) => Promise<unknown>;
}

export function removeOf<Thing extends object>(kind: Kind<Thing>, { does, loses, remove }: Removing<Thing>): Verb {
  const { group, example, one, takes, list } = kind;
  return {
    name: 'rm',
    does,
    takes,
    flags: [yesFlag, dryRunFlag],
    examples: [`${group} rm ${example}`, `${group} rm ${example} --yes`],
    async run(context, given) {
      const api = await (await context.connect()).api;
      const thing = (await kind.get(api, given.at(0))) as Thing;
      const name = list.nameOf(thing);
      if (given.has('dryRun')) return context.output.one(thing, { name, lines: [['would be deleted', name]] });
      await context.confirm(`${loses(thing)} Delete the ${one} ${name}?`, given.has('yes'));
      await remove(api, given.at(0));
      await context.output.one({ deleted: name }, { name, lines: [['deleted', name]] });
    },
  };
}

/** The two verbs that switch one on and off. */
export function switchesOf<Thing extends object>(
  kind: Kind<Thing>,
  patch: (api: Api, name: string, body: { enabled: boolean }) => Promise<object>,
): Verb[] {
  const { group, example, one, takes } = kind;
  return (['enable', 'disable'] as const).map((name) => ({
    name,
    does: name === 'enable' ? `Puts a ${one} in force again` : `Puts a ${one} out of force until it is enabled`,
    takes,
    examples: [`${group} ${name} ${example}`],
    async run(context, given) {
      const api = await (await context.connect()).api;
      await showThing(context, kind, (await patch(api, given.at(0), { enabled: name === 'enable' })) as Thing);
    },
  }));
}
