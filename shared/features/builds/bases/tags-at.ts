import { tagDocumentSchema } from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import { parseStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { Tag } from '../../../core/oci/name.ts';
import type { BuildPorts } from '../ports.ts';

const tagsNamed = 20;

/** Reads the tags that point at a manifest now. */
export async function tagsAt(
  { documents }: Pick<BuildPorts, 'documents'>,
  key: RepositoryKey,
  digest: Digest,
): Promise<Tag[]> {
  const partition = partitionOf(key);
  const page = await documents.queryDocuments({
    container: 'repositories',
    partition,
    where: [
      { path: 'type', is: '=', value: 'tag' },
      { path: 'digest', is: '=', value: digest },
    ],
    limit: tagsNamed,
  });
  return page.documents.map(
    (found) => parseStored(tagDocumentSchema, found, { container: 'repositories', partition }).document.name,
  );
}
