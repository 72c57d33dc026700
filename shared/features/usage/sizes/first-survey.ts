import { repositoryRef } from '../../../core/documents/repository.ts';
import type { RegistryName, RepositoryName } from '../../../core/oci/name.ts';
import type { QueryDocuments, ReadDocument } from '../../../core/ports/documents.ts';
import { readSurvey } from './survey.ts';

/**
 * Says whether a registry that was pushed to waits for its first survey. It costs one read, and one query of the index
 * while there is no survey. Throws `StoreFailure`.
 */
export async function firstSurvey(
  documents: ReadDocument & QueryDocuments,
  registry: RegistryName,
): Promise<'made' | 'due' | 'nothing was pushed'> {
  if ((await readSurvey(documents, registry)) !== undefined) return 'made';
  const where = [
    { path: 'id', is: 'starts-with' as const, value: repositoryRef({ registry, repository: '' as RepositoryName }).id },
  ];
  const page = await documents.queryDocuments({ container: 'registries', partition: [registry], where, limit: 1 });
  return page.documents.length === 0 ? 'nothing was pushed' : 'due';
}
