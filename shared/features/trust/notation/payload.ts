import { z } from 'zod';
import type { SignedManifest } from '../outcome.ts';
import { NotationFault, shown } from './fault.ts';
import { strictJson } from './strict-json.ts';

const payloadType = 'application/vnd.cncf.notary.payload.v1+json';

/** The signed descriptor; its annotations are the signer's own, and are not compared with anything. */
const payloadSchema = z.object({
  targetArtifact: z.object({
    mediaType: z.string(),
    digest: z.string(),
    size: z.number().int().nonnegative(),
  }),
});

/**
 * Checks that a payload is about this manifest. The size and the media type count as much as the digest: the same bytes
 * under another media type are another artifact to a client.
 */
export function checkPayload(contentType: string, payload: Uint8Array, manifest: SignedManifest): void {
  if (contentType !== payloadType)
    throw new NotationFault(`The signature is over ${shown(contentType)}, which is no payload of Notary Project.`);
  const { success, data } = payloadSchema.safeParse(strictJson(payload, 'The payload'));
  if (!success) throw new NotationFault('The payload describes no artifact.');
  const { mediaType, digest, size } = data.targetArtifact;
  if (digest !== manifest.digest) throw new NotationFault(`The signature is over another manifest, ${shown(digest)}.`);
  if (mediaType !== manifest.mediaType)
    throw new NotationFault(`The signature is over the media type ${shown(mediaType)}, but the manifest has another.`);
  if (size !== manifest.size)
    throw new NotationFault(`The signature is over a manifest of ${size} bytes, but this one has ${manifest.size}.`);
}
