import { everyOne } from '../../core/documents/in-repository.ts';
import { manifestDocumentSchema, manifestRef, tagDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import { isNewlyHeld } from '../../core/documents/verdict.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { PolicyPorts } from './ports.ts';

/**
 * Says why a manifest without a tag is kept: a tag was moved to one that is held, and serves this one until that one
 * passes. `undefined` if none does. Where no policy lets tags do so, nothing is read.
 */
export async function servedByTag(
  { coverage, documents, clock }: PolicyPorts,
  key: RepositoryKey,
  digest: Digest,
): Promise<string | undefined> {
  if (!(await coverage.of(key)).some(({ servesPrevious }) => servesPrevious === true)) return undefined;
  const where = [
    { path: 'type', is: '=' as const, value: 'tag' },
    { path: 'previous', is: '=' as const, value: digest },
  ];
  for (const { name, digest: next } of await everyOne({ documents }, key, where, tagDocumentSchema)) {
    const found = await readStored(documents, manifestDocumentSchema, manifestRef(key, next));
    if (isNewlyHeld(found?.document.verdict, clock.now())) return `the tag ${name} serves it until ${next} has passed`;
  }
  return undefined;
}
