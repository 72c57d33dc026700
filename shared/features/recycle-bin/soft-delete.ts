import { z } from 'zod';
import { Cached } from '../../core/documents/cached.ts';
import { registrySchema } from '../../core/documents/names.ts';
import { documentShape, readStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { DocumentRef, ReadDocument } from '../../core/ports/documents.ts';

/** In days. */
export const retentionBounds = { min: 1, max: 90 };

/** How a registry keeps what is deleted. */
const softDeleteSchema = z.object({
  /** `false`: what is deleted cannot be restored. Its bytes still wait for their graces. */
  enabled: z.boolean(),
  /** From going into the bin to being purged; what is in it already keeps its time. */
  retentionDays: z.int().min(retentionBounds.min).max(retentionBounds.max),
  /**
   * Whether a pull brings back what a policy took. What somebody deleted stays deleted until it is pushed or restored.
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

/** How long an instance goes by what it last read. In milliseconds. */
const freshMs = 5_000;
const registriesKept = 1_000;

/** How registries keep what is deleted, read from the store at most every five seconds. */
export class SoftDelete {
  readonly #documents: ReadDocument;
  readonly #known: Cached<SoftDeleteSettings>;

  constructor({ documents, clock }: { readonly documents: ReadDocument; readonly clock: Clock }) {
    this.#documents = documents;
    this.#known = new Cached({ clock, freshMs, max: registriesKept });
  }

  /**
   * Throws `StoreFailure` when it is time to look and the store does not answer: whether something is kept is not
   * guessed.
   */
  read(registry: RegistryName): Promise<SoftDeleteSettings> {
    return this.#known.get(registry, async () => {
      const found = await readStored(this.#documents, softDeleteDocumentSchema, softDeleteRef(registry));
      return found === undefined ? softDeleteDefaults : softDeleteSchema.parse(found.document);
    });
  }

  /** This instance has just changed them. */
  forget(): void {
    this.#known.forget();
  }
}
