import pLimit from 'p-limit';
import { patching } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import type { TagDocument } from '../../core/documents/manifest.ts';
import { tagDocumentSchema, tagRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { firstOf, storedOf } from '../../core/documents/pages.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { VerdictPorts } from './ports.ts';

/** The tags of one manifest that are marked: nobody gives one image more. */
const mostTags = 1_000;
const writesAtOnce = 8;

/**
 * Writes into the tags of a manifest whether it is signed, where they say something else. It is called after every
 * judgement, also where that has changed nothing: a crash may have come in between, and a tag from the recycle bin says
 * what was true when it was deleted. Throws `StoreFailure`.
 */
export async function markTags(
  { documents }: Pick<VerdictPorts, 'documents'>,
  key: RepositoryKey,
  digest: Digest,
  signed: boolean,
): Promise<void> {
  const query = {
    container: 'repositories' as const,
    partition: partitionOf(key),
    where: [
      { path: 'type', is: '=' as const, value: 'tag' },
      { path: 'digest', is: '=' as const, value: digest },
    ],
    limit: 100,
  };
  const isWrong = (tag: TagDocument) => tag.digest === digest && (tag.signed === true) !== signed;
  const found = await firstOf(mostTags, storedOf(documents, query, tagDocumentSchema));
  const limit = pLimit(writesAtOnce);
  const marking = found
    .filter(({ document }) => isWrong(document))
    .map(({ document: { name } }) =>
      limit(() =>
        untilUncontended(`the tag ${key.repository}:${name}`, async () => {
          const ref = tagRef(key, name);
          const stored = await readStored(documents, tagDocumentSchema, ref);
          // A tag that has moved meanwhile was marked by its push.
          if (stored === undefined || !isWrong(stored.document)) return true;
          const changes = [patching(stored, { signed })];
          return (await documents.commitDocuments(ref.container, ref.partition, changes)).committed ? true : undefined;
        }),
      ),
    );
  await Promise.all(marking);
}
