import type { Digest } from '../../core/oci/digest.ts';
import { parseDigest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName, Tag } from '../../core/oci/name.ts';
import { isRepositoryName, isTag } from '../../core/oci/name.ts';
import type { NamedImage } from './compare.ts';

/**
 * Parses the name of an image of this registry: `repository:tag`, `repository@digest`, or both, of which the digest
 * counts. People paste what they pull, so the registry's own host may stand before it. Throws `RegistryError` (`request-invalid`).
 */
export function namedImage(registry: RegistryName, text: string, parameter: string, host: string): NamedImage {
  const own = text.startsWith(`${host}/`) ? text.slice(host.length + 1) : text;
  const [name = '', digest] = own.split('@', 2);
  const colon = name.lastIndexOf(':');
  const [repository, tag] = colon === -1 ? [name, undefined] : [name.slice(0, colon), name.slice(colon + 1)];
  const reference = referenceIn(tag, digest);
  if (reference !== undefined && isRepositoryName(repository)) return { key: { registry, repository }, reference };
  throw new RegistryError({
    is: 'request-invalid',
    code: 'invalidParameter',
    why:
      `"${parameter}" is "${text.slice(0, 200)}", which is no image of this registry: send repository:tag or ` +
      'repository@digest, as in team/app:1.4',
  });
}

function referenceIn(tag: string | undefined, digest: string | undefined): Tag | Digest | undefined {
  if (tag !== undefined && !isTag(tag)) return undefined;
  return digest === undefined ? tag : parseDigest(digest);
}
