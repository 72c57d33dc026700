import { z } from 'zod';
import { Cached } from '../../../core/documents/cached.ts';
import { writing } from '../../../core/documents/changes.ts';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { registrySchema } from '../../../core/documents/names.ts';
import { documentShape, readStored } from '../../../core/documents/stored.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { Documents } from '../../../core/ports/documents.ts';

/** A session's rights and the sign-outs are each believed for so long: another instance knows of one after twice that. */
export const seenElsewhereMs = 2_500;
/** So many sign-outs of one identity are kept one by one. */
const maxOfOne = 20;
/** So many entries the document has. */
const maxEntries = 2_000;

const entrySchema = z.object({
  /** The session; absent, all sessions of the identity that began until `before`. */
  id: z.string().optional(),
  /** The identity; absent, every one. */
  of: z.string().optional(),
  before: z.number().optional(),
  /** The time after which no cookie of it is valid any more, in milliseconds since 1970. */
  until: z.number(),
});
type Entry = z.infer<typeof entrySchema>;

const endedSchema = z.object({
  ...documentShape('ended-sessions'),
  registry: registrySchema,
  ended: z.array(entrySchema),
});

/** A session that may have ended, as it is looked for. */
export interface Ending {
  readonly id: string;
  /** The identity that it is of. */
  readonly of: string;
  readonly beganAt: number;
}

/**
 * The sessions that people have signed out of, in one document of the registry, each until its last cookie is over. It
 * stays small: where one identity ends very many sessions, all that it has begun before end, and nobody else's do.
 */
export class EndedSessions {
  readonly #documents: Documents;
  readonly #clock: Clock;
  readonly #registry: RegistryName;
  readonly #known: Cached<{ readonly ended: readonly Entry[] }>;

  constructor(ports: { readonly documents: Documents; readonly clock: Clock }, registry: RegistryName) {
    this.#documents = ports.documents;
    this.#clock = ports.clock;
    this.#registry = registry;
    this.#known = new Cached({ clock: ports.clock, freshMs: seenElsewhereMs });
  }

  /** Says whether a session has ended by a sign-out. Throws `StoreFailure`: what cannot be asked is not "no". */
  async has({ id, of, beganAt }: Ending): Promise<boolean> {
    const { ended } = await this.#known.get('ended', async () => ({
      ended: (await this.#read())?.document.ended ?? [],
    }));
    return ended.some((entry) =>
      entry.id === undefined
        ? (entry.of === undefined || entry.of === of) && beganAt <= (entry.before ?? 0)
        : entry.id === id,
    );
  }

  /** Ends a session whose cookies are valid until `until` at most. Throws `StoreFailure`. */
  async end({ id, of }: Ending, until: number): Promise<void> {
    const ended = await untilUncontended('the sessions that have ended', async () => {
      const before = await this.#read();
      const now = this.#clock.now().getTime();
      const kept = (before?.document.ended ?? []).filter((entry) => entry.until > now && entry.id !== id);
      const entries = bounded([...kept, { id, of, until }], of, now);
      const last = Math.max(...entries.map((entry) => entry.until));
      const document = {
        id: 'ended-sessions',
        type: 'ended-sessions' as const,
        schemaVersion: 1 as const,
        registry: this.#registry,
        ended: entries,
        ttl: Math.max(60, Math.ceil((last - now) / 1000) + 60),
      };
      const outcome = await this.#documents.commitDocuments(
        'registries',
        [this.#registry],
        [writing(before, document)],
      );
      return outcome.committed ? entries : undefined;
    });
    this.#known.set('ended', { ended });
  }

  #read() {
    return readStored(this.#documents, endedSchema, {
      container: 'registries',
      partition: [this.#registry],
      id: 'ended-sessions',
    });
  }
}

/** Joins the entries of an identity that has too many, or at last those of all: too much ends, and never too little. */
function bounded(entries: Entry[], of: string, now: number): Entry[] {
  const own = entries.filter((entry) => entry.of === of);
  const until = Math.max(...entries.map((entry) => entry.until));
  if (own.length > maxOfOne) return [...entries.filter((entry) => entry.of !== of), { of, before: now, until }];
  return entries.length > maxEntries ? [{ before: now, until }] : entries;
}
