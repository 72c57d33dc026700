import type { Admission } from '../../core/admission/admission.ts';
import type { TagDocument } from '../../core/documents/manifest.ts';
import type { IdentifyCaller } from '../../core/ports/authorize.ts';
import type { RecycleBin } from '../../core/ports/bin.ts';
import type { Blobs } from '../../core/ports/blobs.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { Documents, ReadDocument } from '../../core/ports/documents.ts';
import type { Log } from '../../core/ports/log.ts';
import type { CountPull } from '../../core/ports/pulls.ts';
import type { Regions } from '../../core/ports/regions.ts';
import type { HastenCopy } from '../../core/ports/replication.ts';
import type { PublishEvents } from '../../core/ports/topic.ts';
import type { CountBytes } from '../../core/ports/traffic.ts';
import type { Coverage } from '../../core/verdicts/coverage.ts';
import type { CancelledUploads } from './cancel-upload.ts';
import type { RepositoryEntries } from './entries.ts';
import type { ManifestCache } from './manifest-cache.ts';
import type { OwnRegistrySettings } from './settings.ts';
import type { SharedReads } from './shared-reads.ts';

/** The part of a tag that a pull needs. */
export type PulledTag = Pick<TagDocument, 'name' | 'digest' | 'previous' | 'attributes'>;

/** The ports of the data plane, and its settings. */
export interface RegistryPorts {
  readonly callers: IdentifyCaller;
  readonly admission: Admission;
  readonly documents: Documents;
  /** The cached entries, shared by all requests of the process. */
  readonly entries: RepositoryEntries;
  /** Reads documents that never change, in this region first. */
  readonly nearby: ReadDocument;
  /** The blobs of this region. */
  readonly blobs: Blobs;
  readonly regions: Regions;
  readonly replication: HastenCopy;
  readonly bin: RecycleBin;
  /** The policies by which a manifest begins held. */
  readonly coverage: Pick<Coverage, 'of'>;
  readonly manifests: ManifestCache;
  /** Shares reads of tags. A tag may move at any time, so none is cached. */
  readonly tagReads: SharedReads<PulledTag>;
  readonly cancelled: CancelledUploads;
  readonly topic: PublishEvents;
  readonly traffic: CountBytes;
  readonly pulls: CountPull;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  readonly settings: RegistrySettings;
}

interface RegistrySettings extends Pick<OwnRegistrySettings, 'uploadKey' | 'uploadsUrl'> {
  /** The name of this region: the key of its copy in a blob's document. */
  readonly region: string;
  /** The way in which a blob's bytes reach the client: by a redirect to Blob Storage, or through this process. */
  readonly blobs: 'redirect' | 'proxy';
  /** `source` of events: the topic path of the registry in Azure, a path of its own elsewhere. */
  readonly eventSource: string;
  /**
   * The milliseconds, at least an hour, that a link is kept after the last manifest that needed it, and bytes after
   * their last link.
   */
  readonly graceMs: number;
}
