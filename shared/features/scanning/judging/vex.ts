import type { ManifestDocument } from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import type { VexDocument } from '../openvex.ts';
import { readOpenVex } from '../openvex.ts';
import type { JudgingPorts } from '../ports.ts';
import type { VexAuthor } from '../suppress.ts';

/** The beginning of the predicate types by which OpenVEX documents are attested, with a version behind it or none. */
const openVexPredicate = 'https://openvex.dev/ns';

/**
 * Reads the OpenVEX documents about an image, and about the indexes that list it, that the authorities of trust policies
 * have signed; the authors in the order in which the policies are believed. A document that nobody of them has signed
 * is not among them: everybody who may push can attach one. One that cannot be read says nothing.
 */
export async function vexAuthors(
  { statements }: Pick<JudgingPorts, 'statements'>,
  key: RepositoryKey,
  about: readonly ManifestDocument[],
  trusted: readonly string[],
): Promise<VexAuthor[]> {
  if (trusted.length === 0) return [];
  const found = await Promise.all(
    about.map((manifest) => statements.signedStatements(key, manifest, openVexPredicate, trusted)),
  );
  return trusted.flatMap((policy) => {
    const documents = found.flat().flatMap((each): VexDocument[] => {
      if (each.policy !== policy) return [];
      const reading = readOpenVex(Buffer.from(JSON.stringify(each.predicate)));
      return reading.is === 'read' ? [reading.document] : [];
    });
    return documents.length === 0 ? [] : [{ author: policy, documents }];
  });
}
