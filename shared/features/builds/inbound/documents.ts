import { z } from 'zod';
import { registrySchema } from '../../../core/documents/names.ts';
import { documentShape } from '../../../core/documents/stored.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { DocumentRef } from '../../../core/ports/documents.ts';
import { sealedSchema } from '../../../core/secrets/sealed.ts';

/** A secret of a sender that may notify of something without being a caller of the management API. */
export const inboundSchema = z.object({
  ...documentShape('inbound'),
  registry: registrySchema,
  /** The owner: `bases:ghcr`. */
  of: z.string(),
  sealed: sealedSchema,
  /** Present for a task: its other secrets are derived from it (task-secrets.ts). */
  root: sealedSchema.optional(),
  createdAt: z.iso.datetime(),
});
export type Inbound = z.infer<typeof inboundSchema>;

export function inboundRef(registry: RegistryName, of: string): DocumentRef {
  return { container: 'registries', partition: [registry], id: `inbound:${of}` };
}
