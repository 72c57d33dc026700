import { eachAlone, inTurn } from '../core/documents/alone.ts';
import { defined } from '../core/documents/defined.ts';
import { once } from '../core/documents/once.ts';
import { HostNames, nameOf } from '../core/http/host-names.ts';
import { targetOf } from '../core/http/target.ts';
import type { RegistryName } from '../core/oci/name.ts';
import type { Log } from '../core/ports/log.ts';
import type { SendMessage } from '../core/ports/queues.ts';
import type { Secrets } from '../core/ports/secrets.ts';
import { sealingKeyFor } from '../core/secrets/sealed-text.ts';
import { forRegistry } from '../features/builds/user-secrets.ts';
import type { AuthSettings } from '../features/identity/identities.ts';
import type { Adapters, Longshore, Settings } from './assemble.ts';
import { assemble } from './assemble.ts';
import { instanceMemory } from './ground.ts';

/** A registry beside the one that the settings are of. */
export interface FurtherRegistry {
  readonly name: RegistryName;
  /** All names that lead to it. */
  readonly hosts: readonly string[];
  /** The rest as in the settings: of this registry alone. */
  readonly publicUrl?: URL | undefined;
  readonly uploadsUrl?: URL | undefined;
  readonly blobs?: Settings['blobs'] | undefined;
  readonly administrator?: Extract<AuthSettings, { mode: 'required' }>['administrator'] | undefined;
  /** Absent, that of all. */
  readonly log?: Log;
}

/** Timers that look after the documents of all registries in one run. Every other one has a part for each. */
const ofAll: ReadonlySet<string> = new Set<keyof Longshore['timers']>([
  'events-sweep',
  'recycle-bin-purge',
  'recycle-bin-reconcile',
  'collection-collect',
  'collection-leftovers',
  'acr-reconcile',
]);

/** Messages that say only that there is work. Every other one carries the registry that it is of. */
const forEach: ReadonlySet<string> = new Set<keyof Longshore['messages']>(['replication-copy']);

/**
 * The app of a deployment: one object graph for each registry, made when it is first needed, over the same stores. The
 * registry of a request is that of its host, of `X-Forwarded-Host` never. Requests to no registry's host go to the
 * first one, the settings' own, which refuses those that it has no name for.
 */
export function assembleRegistries(
  adapters: Adapters,
  settings: Settings,
  others: readonly FurtherRegistry[] = [],
): Longshore {
  const own = settings.registryName;
  const sourceOf = sourcesFrom(settings.eventSource, own);
  const memory = instanceMemory(adapters, settings);
  const makers = new Map<RegistryName, () => Longshore>(
    others.map((other) => [
      other.name,
      once(() => assemble(adaptersOf(adapters, other.name, other.log), settingsOf(settings, other, sourceOf), memory)),
    ]),
  );
  const first = assemble(
    others.length === 0 ? adapters : adaptersOf(adapters, own),
    others.length === 0 ? settings : { ...settings, sourceOf, metricLabels: { registry: own } },
    memory,
  );
  makers.set(own, () => first);
  return {
    app: others.length === 0 ? first.app : { fetch: byHost(first, others, makers) },
    log: first.log,
    subscriptions: first.subscriptions,
    ...routed(first, { makers, base: settings.eventSource, own }),
  };
}

function byHost(
  first: Longshore,
  others: readonly FurtherRegistry[],
  makers: ReadonlyMap<RegistryName, () => Longshore>,
): Longshore['app']['fetch'] {
  const byName = new Map(others.flatMap(({ name, hosts }) => hosts.map((host) => [nameOf(host), makers.get(name)])));
  return (request) => (byName.get(nameOf(targetOf(request.url).host))?.() ?? first).app.fetch(request);
}

interface Routing {
  readonly makers: ReadonlyMap<RegistryName, () => Longshore>;
  readonly base: string;
  readonly own: RegistryName;
}

/**
 * Routes what triggers are called with. An event is of the registry that its `source` names, a message of the one that
 * it carries; both are dropped when that registry is not here. An event of what all registries share is handled by
 * none. Timers run for each registry, or once for all.
 */
function routed(first: Longshore, routing: Routing): Pick<Longshore, 'events' | 'messages' | 'timers' | 'flush'> {
  const { makers } = routing;
  const { log } = first;
  const byInput = (trigger: string, registryOf: typeof registryOfEvent, call: Call) => (input: unknown) => {
    const registry = registryOf(input, routing);
    // An event of what all registries share is for the operator's own subscriptions.
    if (registry === undefined) return Promise.resolve();
    const longshore = makers.get(registry as RegistryName)?.();
    if (longshore !== undefined) return call(longshore, input);
    log.warn({ registry, trigger }, 'an event or a message names an unknown registry and is dropped');
    return Promise.resolve();
  };
  const parts = (call: Call) =>
    [...makers].map(
      ([name, made]) =>
        [
          name,
          async () => {
            await call(made(), undefined);
          },
        ] as const,
    );
  const sideBySide = (trigger: string, call: Call) => () =>
    makers.size === 1 ? call(first, undefined) : eachAlone(log, trigger, Object.fromEntries(parts(call)));
  const inSequence = (trigger: string, call: Call) => () =>
    makers.size === 1 ? call(first, undefined) : inTurn(log, trigger, parts(call));
  const routes = {
    events: mapped(first.events, (name) => byInput(name, registryOfEvent, ({ events }, event) => events[name](event))),
    messages: mapped(first.messages, (name) => {
      const call: Call = ({ messages }, message) => messages[name](message);
      return forEach.has(name) ? sideBySide(name, call) : byInput(name, registryOfMessage, call);
    }),
    timers: mapped(first.timers, (name) =>
      ofAll.has(name) ? () => first.timers[name]() : inSequence(name, ({ timers }) => timers[name]()),
    ),
    flush: sideBySide('flush', (longshore) => longshore.flush()),
  };
  // The names are the same, and the callers of a trigger wait for it and take nothing from it.
  return routes as unknown as ReturnType<typeof routed>;
}

type Call = (longshore: Longshore, input: unknown) => unknown;

function mapped<T extends object, V>(of: T, to: (name: keyof T & string) => V): Record<string, V> {
  return Object.fromEntries(Object.keys(of).map((name) => [name, to(name as keyof T & string)]));
}

const inSource = '/registries/';
/** The source of what all registries share ends with this, behind the first one's. */
const sharedSource = '/registries';

/** ACR has a `source` for each registry. The settings' own registry keeps what it has where it is the only one. */
function sourcesFrom(base: string, own: RegistryName): (registry?: RegistryName) => string {
  return (registry) => {
    if (registry === undefined) return `${base}${sharedSource}`;
    return registry === own ? base : `${base}${inSource}${registry}`;
  };
}

/**
 * Gives the registry that an event's `source` names; `undefined` for an event of what all share. What names none is the
 * first one's: the setting may have been another when the event was published.
 */
function registryOfEvent(event: unknown, { makers, base, own }: Routing): string | undefined {
  const source = (event as { readonly source?: unknown } | null | undefined)?.source;
  if (typeof source !== 'string' || source === base) return own;
  // A registry may be named so too.
  const isNamedSo = source.endsWith(`${inSource}registries`);
  if (source === `${base}${sharedSource}` || (source.endsWith(sharedSource) && !isNamedSo)) return undefined;
  const name = source.slice(source.lastIndexOf(inSource) + inSource.length);
  const isNamed = source.includes(inSource) && (source.startsWith(`${base}${inSource}`) || makers.has(name as never));
  return isNamed ? name : own;
}

/** Gives the registry that a message carries. One from before messages carried it is the first one's. */
function registryOfMessage(message: unknown, { own }: Routing): string {
  const registry = (message as { readonly registry?: unknown } | null | undefined)?.registry;
  return typeof registry === 'string' ? registry : own;
}

/** The instance's adapters as one registry has them. */
function adaptersOf(adapters: Adapters, registry: RegistryName, log = adapters.log): Adapters {
  const { others, secrets } = adapters;
  return {
    ...adapters,
    log,
    queues: stamped(adapters.queues, registry),
    ...defined({
      others:
        others === undefined
          ? undefined
          : {
              ...others,
              stores: others.stores.map((store) => ({ ...store, queues: stamped(store.queues, registry) })),
            },
      secrets: secrets === undefined ? undefined : vaultOf(secrets, registry),
    }),
  };
}

function stamped(queues: SendMessage, registry: RegistryName): SendMessage {
  return {
    sendMessage: (queue, message, delaySeconds) =>
      queues.sendMessage(queue, { ...(message as object), registry }, delaySeconds),
  };
}

function vaultOf(secrets: Secrets, registry: RegistryName): Secrets {
  return {
    readSecret: async (name, version) => forRegistry(registry, name, await secrets.readSecret(name, version)),
    writeSecret: (name, value) => secrets.writeSecret(name, value),
  };
}

/** The settings of all, as another registry has them. */
function settingsOf(
  { publicUrl: _, uploadsUrl: __, ...shared }: Settings,
  { name, hosts, publicUrl, uploadsUrl, blobs, administrator }: FurtherRegistry,
  sourceOf: (registry?: RegistryName) => string,
): Settings {
  const { auth } = shared;
  return {
    ...shared,
    registryName: name,
    // Its own key: places in lists and uploads that it signs and seals for clients open nowhere else.
    uploadKey: sealingKeyFor(`the registry ${name}`, shared.uploadKey),
    eventSource: sourceOf(name),
    sourceOf,
    isFurther: true,
    metricLabels: { registry: name },
    hostNames: new HostNames(hosts, 'no others'),
    auth: auth.mode === 'open' ? auth : requiredOf(auth, { publicUrl, administrator }),
    ...defined({ publicUrl, uploadsUrl, blobs }),
  };
}

function requiredOf(
  { administrator: _, publicUrl: __, ...shared }: Extract<AuthSettings, { mode: 'required' }>,
  { publicUrl, administrator }: Pick<FurtherRegistry, 'publicUrl' | 'administrator'>,
): AuthSettings {
  return { ...shared, ...defined({ publicUrl, administrator }) };
}
