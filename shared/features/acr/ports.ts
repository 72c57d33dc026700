import type { Admission } from '../../core/admission/admission.ts';
import type { Question } from '../../core/admission/gate.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import type { Stored } from '../../core/documents/stored.ts';
import type { Caller, IdentifyCaller } from '../../core/ports/authorize.ts';
import type { RecycleBin } from '../../core/ports/bin.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { Log } from '../../core/ports/log.ts';
import type { PublishEvents } from '../../core/ports/topic.ts';
import type { Coverage } from '../../core/verdicts/coverage.ts';
import type { JudgeManifest } from '../../core/verdicts/judge.ts';

/** The catalog's entries as this instance knows them. */
interface KnownEntries {
  /** Throws `RegistryError` where a gate refuses. */
  requireAllowed(question: Omit<Question, 'repository' | 'tag' | 'manifest'>): Promise<void>;
  /** Takes over an entry that was just read or written. */
  remember(entry: Stored<RepositoryDocument>): void;
}

/** The ports of ACR's own API. */
export interface AcrPorts {
  readonly callers: IdentifyCaller;
  readonly admission: Admission;
  readonly documents: Documents;
  readonly entries: KnownEntries;
  readonly bin: RecycleBin;
  /** Judges a manifest once its state in quarantine has changed. */
  readonly judging: JudgeManifest;
  /** The policies that cover a repository. */
  readonly coverage: Pick<Coverage, 'of'>;
  /** Answers a request for the catalog, which is the one of the distribution API. */
  readonly catalog: (caller: Caller, request: Request) => Promise<Response>;
  readonly topic: PublishEvents;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  /** `source` of events: the topic path of the registry in Azure, a path of its own elsewhere. */
  readonly settings: { readonly eventSource: string };
}
