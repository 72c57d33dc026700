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
  /** Contents of manifests too large for a document: deleted in whichever regions have them. */
  readonly contents: DeleteBlob;
  readonly topic: PublishEvents;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  readonly softDelete: Pick<SoftDelete, 'read'>;
  /** Makes sure that a repository whose manifests come back has its entry in the catalog. */
  readonly openRepository: (key: RepositoryKey) => Promise<unknown>;
  readonly settings: BinSettings;
  /**
   * How long a request waits for what follows from it: the rest is done after its answer. In milliseconds; absent, it
   * waits for all.
   */
  readonly patienceMs?: number;
}

interface BinSettings {
  /** This region's name, as in the copies of a blob's document. */
  readonly region: string;
  readonly eventSource: string;
  /** `source` of the events of another registry of the deployment; absent where there is one. */
  readonly sourceOf?: (registry: RegistryName) => string;
  /** How long a link outlives the last that needed it, and bytes their last link. In milliseconds, at least an hour. */
  readonly graceMs: number;
}

/**
 * The ports of one call, and who is behind it: what a timer does for a deletion is told of in the name of who began it.
 */
export type StorePorts = Omit<BinPorts, 'contents' | 'softDelete'>;

/**
 * Settling brings manifests back and takes them along, and what came or went is settled in turn: who does a part of it
 * is handed the whole by `settle.ts`.
 */
export interface SettlingPorts extends StorePorts {
  /** Brings the surroundings of a manifest in line with whether it is live. */
  readonly settle: (key: RepositoryKey, digest: Digest, cause: Cause) => Promise<void>;
}

/** Says that whoever settles is still at it. */
export type GoesOn = () => Promise<void>;
