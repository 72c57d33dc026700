import { tagDocumentSchema, tagRef } from '../../../core/documents/manifest.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { taggedOf } from '../bases/cycles.ts';
import type { TaggedImage } from '../bases/documents.ts';
import type { BaseReference } from '../bases/names.ts';
import { baseReference, shownReference } from '../bases/names.ts';
import type { BuildPorts } from '../ports.ts';

/**
 * Parses a name without a host, which is one of this registry: a question about a registry is about its own images,
 * except for a base of another one.
 */
export function ownReference({ registry }: BuildPorts, text: string): BaseReference {
  const reference = baseReference(`longshore.invalid/${text}`, registry, ['longshore.invalid']);
  if (reference !== undefined) return reference;
  throw new RegistryError({
    is: 'request-invalid',
    why: `"${text.slice(0, 100)}" is not an image: send repository:tag, as in team/app:v1`,
  });
}

export function ownImage(ports: BuildPorts, text: string): TaggedImage {
  const image = taggedOf(ports, ownReference(ports, text));
  if (image === undefined)
    throw new RegistryError({
      is: 'request-invalid',
      why: `"${text.slice(0, 100)}" is not an image with a tag: send repository:tag, as in team/app:v1`,
    });
  return image;
}

/** Parses a name that may have a host, of another registry or of this one. */
export function anyReference(ports: BuildPorts, text: string): BaseReference {
  const [first = ''] = text.split('/', 1);
  const named =
    text.includes('/') && /[.:]|^localhost$/.test(first)
      ? baseReference(text, ports.registry, ports.ownHosts)
      : undefined;
  return named ?? ownReference(ports, text);
}

/**
 * Throws `RegistryError` (`thing-unknown`) for a tag that this registry does not have: if nothing is found about a
 * name, the name may be misspelt. The tags of other registries are not known.
 */
export async function requireThere(ports: BuildPorts, reference: BaseReference): Promise<void> {
  const image = taggedOf(ports, reference);
  if (
    image === undefined ||
    (await readStored(ports.documents, tagDocumentSchema, tagRef(image, image.tag))) !== undefined
  )
    return;
  throw new RegistryError({ is: 'thing-unknown', code: 'imageNotFound', what: `image "${shownReference(reference)}"` });
}
