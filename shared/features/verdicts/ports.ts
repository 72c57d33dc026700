import type { RegistryName } from '../../core/oci/name.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { Coverage } from '../../core/verdicts/coverage.ts';
import type { Judge } from '../../core/verdicts/judge.ts';
import type { RecordPorts } from '../../core/verdicts/record.ts';

export interface VerdictPorts extends Omit<RecordPorts, 'documents'> {
  readonly documents: Documents;
  readonly registry: RegistryName;
  readonly coverage: Pick<Coverage, 'of' | 'forget'>;
  readonly judges: readonly Judge[];
}
