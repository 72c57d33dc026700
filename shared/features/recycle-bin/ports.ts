import type { Admission } from '../../core/admission/admission.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Cause } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DeleteBlob } from '../../core/ports/blobs.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { Log } from '../../core/ports/log.ts';
import type { PublishEvents } from '../../core/ports/topic.ts';
import type { SoftDelete } from './soft-delete.ts';

/** The ports of the recycle bin. */
export interface BinPorts {
  readonly admission: Admission;
  readonly documents: Documents;
  /** The contents of manifests too large for a document, deleted in every region that has them. */
  readonly contents: DeleteBlob;
  readonly topic: PublishEvents;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  readonly softDelete: Pick<SoftDelete, 'read'>;
  /** Makes sure that a repository whose manifests are restored has its entry in the catalog. */
  readonly openRepository: (key: RepositoryKey) => Promise<unknown>;
  readonly settings: BinSettings;
  /**
   * The milliseconds that a request waits for the consequences of its change; they are finished after its answer.
   * Absent, it waits for all.
   */
  readonly patienceMs?: number;
}

interface BinSettings {
  /** The name of this region, as in the copies of a blob's document. */
  readonly region: string;
  readonly eventSource: string;
  /** Returns the `source` of a registry, and without a name that of what all share; absent where there is one registry. */
  readonly sourceOf?: (registry?: RegistryName) => string;
  /**
   * The milliseconds, at least an hour, that a link is kept after the last manifest that needed it, and bytes after
   * their last link.
   */
  readonly graceMs: number;
}

/** The ports of one call. A timer publishes the consequences of a deletion in the name of the actor that began it. */
export type StorePorts = Omit<BinPorts, 'contents' | 'softDelete'>;

/**
 * The ports of a part of reconciling. Reconciling recycles and restores manifests, whose neighbours are reconciled in
 * turn; `reconcile.ts` hands the whole to each part, so that no import is circular.
 */
export interface ReconcilingPorts extends StorePorts {
  /** Reconciles the neighbours of a manifest with whether it is live. */
  readonly reconcile: (key: RepositoryKey, digest: Digest, cause: Cause) => Promise<void>;
}

/** Renews the mark of a manifest, so that no timer takes its reconciling over. */
export type GoesOn = () => Promise<void>;
