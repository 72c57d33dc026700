import type { Admission } from '../../core/admission/admission.ts';
import type { Question } from '../../core/admission/gate.ts';
import { everythingEnabled } from '../../core/documents/attributes.ts';
import { Cached } from '../../core/documents/cached.ts';
import { patching, writing, written } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import { repositoryDocumentSchema, repositoryRef } from '../../core/documents/repository.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { CommitDocuments, ReadDocument } from '../../core/ports/documents.ts';

type Entry = Stored<RepositoryDocument>;

interface EntryPorts {
  readonly admission: Pick<Admission, 'require'>;
  readonly documents: ReadDocument & CommitDocuments;
  readonly clock: Clock;
  readonly ids: RandomIds;
}

/** The milliseconds for which this instance may miss another instance's change of a repository's attributes. */
export const entryFreshness = 5_000;
const maxEntries = 10_000;

/**
 * Caches the catalog's entries that this instance has read lately, absent ones too, so that pushes and pulls of a
 * repository in use read its entry once in `entryFreshness`. Requests at the same time share one read.
 */
export class RepositoryEntries {
  readonly #ports: EntryPorts;
  readonly #known: Cached<{ readonly entry: Entry | undefined }>;

  constructor(ports: EntryPorts, max = maxEntries) {
    this.#ports = ports;
    this.#known = new Cached({ clock: ports.clock, freshMs: entryFreshness, max });
  }

  /**
   * Returns an entry that is at most `entryFreshness` old; `undefined` if the repository does not exist. Throws
   * `StoreFailure`.
   */
  async find(key: RepositoryKey): Promise<Entry | undefined> {
    return ifLive(await this.#knownOrRead(key));
  }

  /** Asks the gates about the repository as a whole. Throws the `RegistryError` of the first gate that refuses. */
  async requireAllowed(question: Omit<Question, 'repository' | 'tag' | 'manifest'>): Promise<void> {
    const repository = (await this.find(question.key))?.document;
    this.#ports.admission.require({ ...question, repository });
  }

  /**
   * Returns the entry of a repository that is about to get a manifest, or has some, and creates it if needed. Throws
   * `RegistryError` (`contended`).
   */
  async open(key: RepositoryKey): Promise<Entry> {
    return untilUncontended(`catalog entry of ${key.repository}`, async () => {
      const there = await this.#knownOrRead(key);
      const entry = ifLive(there) ?? (await this.#write(key, there));
      // Somebody else has written the entry, so the cached one is dropped.
      if (entry === undefined) this.#known.forget(idOf(key));
      return entry;
    });
  }

  /**
   * Records that the event of the repository's creation is in the outbox. If somebody has written the entry since,
   * nothing changes, and the next push records it if needed.
   */
  async announced(key: RepositoryKey, found: Entry): Promise<void> {
    const { document } = found;
    const { container, partition } = repositoryRef(key);
    const outcome = await this.#ports.documents.commitDocuments(container, partition, [
      patching(found, { announced: true }),
    ]);
    const announced = written(outcome, { ...document, announced: true });
    if (announced === undefined) this.#known.forget(idOf(key));
    else this.remember(announced);
  }

  /** Caches an entry that this instance has just read or written. */
  remember(entry: Entry): void {
    this.#known.set(idOf(entry.document), { entry });
  }

  /** Creates an entry with a new generation. `undefined` if somebody else has just created one. */
  async #write(key: RepositoryKey, there: Entry | undefined): Promise<Entry | undefined> {
    const { container, partition, id } = repositoryRef(key);
    const document = newEntry(key, id, this.#ports);
    const change = writing(there, document);
    const outcome = await this.#ports.documents.commitDocuments(container, partition, [change]);
    const entry = written(outcome, document);
    if (entry !== undefined) this.remember(entry);
    return entry;
  }

  async #knownOrRead(key: RepositoryKey): Promise<Entry | undefined> {
    const read = async () => ({
      entry: await readStored(this.#ports.documents, repositoryDocumentSchema, repositoryRef(key)),
    });
    return (await this.#known.get(idOf(key), read)).entry;
  }
}

function ifLive(entry: Entry | undefined): Entry | undefined {
  return entry?.document.state === 'live' ? entry : undefined;
}

function idOf({ registry, repository }: RepositoryKey): string {
  return `${registry}/${repository}`;
}

function newEntry({ registry, repository }: RepositoryKey, id: string, { clock, ids }: EntryPorts): RepositoryDocument {
  const now = clock.now().toISOString();
  const life = {
    state: 'live',
    generation: ids.nextId(),
    announced: false,
    attributes: everythingEnabled,
    placed: true,
  } as const;
  return { id, type: 'repository', schemaVersion: 1, registry, repository, ...life, createdAt: now, updatedAt: now };
}
