import { CallPlan } from '../../../shared/adapters/memory/calls.ts';
import { connectMemory } from '../../../shared/adapters/memory/connect.ts';
import { MemoryGit } from '../../../shared/adapters/memory/git.ts';
import type { MemoryWorld } from '../../../shared/adapters/memory/world.ts';
import { createMemoryWorld } from '../../../shared/adapters/memory/world.ts';
import type { Adapters, Longshore, Settings } from '../../../shared/app/assemble.ts';
import type { TestLongshore } from '../../../shared/app/compose-for-test.ts';
import { cheapPasswords, composeForTest } from '../../../shared/app/compose-for-test.ts';
import type { FurtherRegistry } from '../../../shared/app/registries.ts';
import type { RegistryName } from '../../../shared/core/oci/name.ts';
import type { JsonDocument } from '../../../shared/core/ports/documents.ts';
import { StoreFailure } from '../../../shared/core/ports/failures.ts';
import type { OutboundRequest } from '../../../shared/core/ports/post.ts';
import { makeSalt } from '../../../shared/features/identity/password.ts';
import type { SteppedClock } from '../../contracts/clock.ts';
import { steppedClock } from '../../contracts/clock.ts';
import { withoutLostAnswers } from '../../draws.ts';
import { scriptedRunner } from '../features/builds/bases/building.ts';

/** The password of each registry's administrator; `default` has the one of the settings. */
export const passwords = { default: 'of the default', a: 'of a', b: 'of b' } as const;
export type Name = keyof typeof passwords;

const hostOf = (registry: Name) => (registry === 'default' ? 'registry.test' : `${registry}.test`);
export const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

async function administrator(name: Name) {
  const salt = makeSalt();
  return {
    salt,
    hash: await cheapPasswords.hashPassword((passwords as Readonly<Record<string, string>>)[name] ?? name, salt),
  };
}

/** Three registries over one memory, with logins, and what was posted out of them. */
export interface Deployment extends TestLongshore {
  readonly clock: SteppedClock;
  readonly git: MemoryGit;
  readonly posted: readonly OutboundRequest[];
  /** Asks as the administrator, or with the credentials in `headers`. */
  ask(registry: Name, method: string, path: string, options?: Asking): Promise<Response>;
}

export interface Asking {
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: Uint8Array<ArrayBuffer> | string | object;
  /** As the request has it, where it is another than the registry's. */
  readonly host?: string;
}

interface Options {
  readonly world?: MemoryWorld;
  readonly clock?: SteppedClock;
  readonly settings?: Partial<Settings>;
  readonly adapters?: Partial<Adapters>;
  readonly calls?: CallPlan;
  readonly names?: readonly Exclude<Name, 'default'>[];
  /** The region of this app, one of two. */
  readonly region?: 'home' | 'second';
}

export async function deploy(options: Options = {}): Promise<Deployment> {
  const clock = options.clock ?? steppedClock();
  const world = options.world ?? createMemoryWorld({ clock });
  const posted: OutboundRequest[] = [];
  const git = new MemoryGit();
  const down = () =>
    Promise.reject(new StoreFailure({ dependency: 'issuer', kind: 'unavailable', message: 'nobody is there' }));
  const registries: FurtherRegistry[] = await Promise.all(
    (options.names ?? (['a', 'b'] as const)).map(async (name) => ({
      name: name as string as RegistryName,
      hosts: [hostOf(name)],
      administrator: await administrator(name),
    })),
  );
  const { region = 'home' } = options;
  const other = region === 'home' ? 'second' : 'home';
  const second = connectMemory(world, { region: { name: other }, chance: 'none' });
  const longshore = composeForTest({
    world,
    connection: { calls: options.calls ?? new CallPlan(), region: { name: region }, chance: withoutLostAnswers() },
    registries,
    settings: {
      region,
      auth: { mode: 'required', administrator: await administrator('default') },
      ...options.settings,
    },
    adapters: {
      git,
      runner: scriptedRunner(),
      outbound: { getJson: down, ask: down, askBytes: down },
      receivers: {
        post(request) {
          posted.push(request);
          const answer = {
            is: 'answered',
            status: 200,
            reason: 'OK',
            headers: {},
            body: '',
            truncated: false,
          } as const;
          return Promise.resolve({ ...answer, ms: 1 });
        },
      },
      // A region beside this one, so that replication has something to do.
      others: {
        near: connectMemory(world, { chance: 'none' }).documents,
        stores: [{ name: other, blobs: second.blobs, queues: second.queues, probe: () => Promise.resolve() }],
        probe: () => Promise.resolve(),
      },
      ...options.adapters,
    },
  });
  return {
    ...longshore,
    clock,
    git,
    posted,
    ask: async (registry, method, path, { headers = {}, body, host = hostOf(registry) } = {}) => {
      const isObject = typeof body === 'object' && !(body instanceof Uint8Array);
      return longshore.app.fetch(
        new Request(`http://${host}${path}`, {
          method,
          headers: {
            authorization: basic('admin', passwords[registry]),
            ...(isObject ? { 'content-type': 'application/json' } : {}),
            ...headers,
          },
          ...(body === undefined ? {} : { body: isObject ? JSON.stringify(body) : body }),
        }),
      );
    },
  };
}

/** The function that takes the messages of each queue. */
export const queues = {
  'usage-pulls': 'usage-fold',
  'usage-pulls-poison': 'usage-fold-again',
  'webhook-deliveries': 'webhooks-deliver',
  'webhook-deliveries-poison': 'webhooks-let-go',
  'replication-copies': 'replication-copy',
  'build-runs': 'builds-work',
  scans: 'scanning-work',
} as const satisfies Readonly<Record<string, keyof Longshore['messages']>>;

/** The names of what every event is delivered to. */
export const consumersOf = (of: Deployment) => Object.keys(of.events) as (keyof Longshore['events'])[];

export const timersOf = (of: Deployment) => Object.keys(of.timers) as (keyof Longshore['timers'])[];

/** Delivers what is published, then what queues hold, until nothing moves: each event and message twice. */
export class Deliveries {
  readonly #of: Deployment;
  #delivered = 0;

  constructor(of: Deployment) {
    this.#of = of;
  }

  async settle(): Promise<void> {
    const { events, queues: store } = this.#of.world.region();
    for (let moves = true; moves;) {
      const published = events.log.slice(this.#delivered);
      this.#delivered = events.log.length;
      for (const event of [...published, ...published])
        for (const consumer of consumersOf(this.#of)) await this.#of.events[consumer](event);
      await this.#of.flush();
      moves = published.length > 0;
      for (const [queue, taker] of Object.entries(queues)) {
        const messages = store.drain(queue);
        moves ||= messages.length > 0;
        for (const message of [...messages, ...messages]) await this.#of.messages[taker](message);
      }
    }
  }

  /** Every timer, twice. */
  async tick(): Promise<void> {
    const timers = timersOf(this.#of);
    for (const timer of [...timers, ...timers]) await this.#of.timers[timer]();
  }
}

const containers = ['registries', 'repositories', 'blobs', 'deliveries', 'builds', 'dependencies', 'usage'] as const;

/** The types of the documents about bytes, which all registries share. */
const shared = new Set(['blob', 'blob-check', 'collected', 'copy']);

/** All documents, by the registry that each is of. Throws where one says of none. */
export async function documentsOf({
  memory,
}: Deployment): Promise<Record<Name | 'shared', Record<string, JsonDocument>>> {
  const found = { default: {}, a: {}, b: {}, shared: {} } as Record<Name | 'shared', Record<string, JsonDocument>>;
  const builds = new Map<string, string>();
  for (const container of containers) {
    const where = [{ path: 'id', is: '>=' as const, value: '' }];
    const { documents } = await memory.documents.queryDocuments({ container, where, limit: 100_000 });
    for (const { document } of documents)
      if (document.type === 'build') builds.set(document.id, String(document.registry));
    for (const { document } of documents) {
      const place = [container, document.base, document.scope, document.webhook, document.digest, document.id];
      const registry = document.registry ?? builds.get(String(document.scope));
      found[ownerOf({ ...document, registry })][[...place, document.repository, document.day].join(' ')] = document;
    }
  }
  return found;
}

function ownerOf(document: JsonDocument): Name | 'shared' {
  if (shared.has(String(document.type))) return 'shared';
  const said =
    typeof document.registry === 'string'
      ? document.registry
      : [document.webhook, document.base, document.scope, document.id]
          .map((text) => /(?:^|:)(default|a|b)(?:$|:)/.exec(String(text))?.[1])
          .find((name) => name !== undefined);
  if (said !== 'default' && said !== 'a' && said !== 'b')
    throw new Error(`of no registry: ${JSON.stringify(document).slice(0, 300)}`);
  return said;
}
