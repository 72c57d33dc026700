import type { RegistryName } from '../../core/oci/name.ts';
import type { IssueAccess } from '../../core/ports/authorize.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { DeleteImages, Images } from '../../core/ports/images.ts';
import type { Log } from '../../core/ports/log.ts';
import type { ReadLastPulls } from '../../core/ports/pulls.ts';
import type { SendMessage } from '../../core/ports/queues.ts';
import type { ReadStatements } from '../../core/ports/statements.ts';
import type { Coverage } from '../../core/verdicts/coverage.ts';
import type { JudgeManifest } from '../../core/verdicts/judge.ts';
import type { PolicyPorts } from '../../core/verdicts/policies.ts';
import type { ScannerPorts } from './scanners.ts';

/** The ports of the judge of findings. */
export interface JudgingPorts {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly registry: RegistryName;
  readonly queues: SendMessage;
  readonly statements: ReadStatements;
  readonly log: Log;
}

/** The ports of the scans, and of the routes. */
export interface ScanPorts extends JudgingPorts, ScannerPorts, PolicyPorts {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly registry: RegistryName;
  readonly coverage: Pick<Coverage, 'of' | 'forget'>;
  readonly judging: JudgeManifest;
  readonly images: Pick<Images, 'storeSmallBlob' | 'pushImage'>;
  readonly deleteImages: DeleteImages;
  /** Absent where nobody needs credentials. */
  readonly issueAccess?: IssueAccess | undefined;
  readonly lastPulls: Pick<ReadLastPulls, 'lastPulls'>;
  /** The URL at which clients find the registry; absent where only requests tell it. */
  readonly publicUrl?: URL | undefined;
}
