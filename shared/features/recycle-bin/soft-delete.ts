import { z } from 'zod';
import { Cached } from '../../core/documents/cached.ts';
import { registrySchema } from '../../core/documents/names.ts';
import { documentShape, readStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { DocumentRef, ReadDocument } from '../../core/ports/documents.ts';

/** The days that a registry may keep what is deleted. */
export const retentionBounds = { min: 1, max: 90 };

/** The settings of a registry's recycle bin. */
const softDeleteSchema = z.object({
  /** `false`: a deletion cannot be restored. Its bytes still wait for their grace. */
  enabled: z.boolean(),
  /** The days between recycling and purging. What is in the recycle bin already keeps its time. */
  retentionDays: z.int().min(retentionBounds.min).max(retentionBounds.max),
  /**
   * True if a pull restores what a policy recycled. What a user deleted stays deleted until it is pushed or restored.
   */
  restoreOnPull: z.boolean(),
});
export type SoftDeleteSettings = z.infer<typeof softDeleteSchema>;

const softDeleteDefaults: SoftDeleteSettings = { enabled: true, retentionDays: 14, restoreOnPull: true };

const softDeleteDocumentSchema = z.object({
  ...documentShape('soft-delete'),
  registry: registrySchema,
  ...softDeleteSchema.shape,
  updatedAt: z.iso.datetime(),
});

export function softDeleteRef(registry: RegistryName): DocumentRef {
  return { container: 'registries', partition: [registry], id: 'soft-delete' };
}

/** The milliseconds that an instance uses the value that it read last. */
const freshMs = 5_000;
const registriesKept = 1_000;

/** Reads the recycle bin's settings of registries from the store, each at most every five seconds. */
export class SoftDelete {
  readonly #documents: ReadDocument;
  readonly #known: Cached<SoftDeleteSettings>;

  constructor({ documents, clock }: { readonly documents: ReadDocument; readonly clock: Clock }) {
    this.#documents = documents;
    this.#known = new Cached({ clock, freshMs, max: registriesKept });
  }

  /**
   * Reads the settings of a registry. Throws `StoreFailure` if the cached ones are too old and the store does not
   * answer: it is never guessed whether a deletion can be restored.
   */
  read(registry: RegistryName): Promise<SoftDeleteSettings> {
    return this.#known.get(registry, async () => {
      const found = await readStored(this.#documents, softDeleteDocumentSchema, softDeleteRef(registry));
      return found === undefined ? softDeleteDefaults : softDeleteSchema.parse(found.document);
    });
  }

  /** Drops the cached settings, because this instance has just changed them. */
  forget(): void {
    this.#known.forget();
  }
}
