import { z } from 'zod';
import type { RegistryName } from '../../oci/name.ts';
import type { DocumentRef } from '../../ports/documents.ts';
import { registrySchema } from '../../state/names.ts';
import { sealedSchema } from '../../state/sealed.ts';
import { documentShape } from '../../state/stored.ts';

/** A secret of somebody who may tell of something without being a caller of the management API. */
export const inboundSchema = z.object({
  ...documentShape('inbound'),
  registry: registrySchema,
  /** Whose: `bases:ghcr`. */
  of: z.string(),
  sealed: sealedSchema,
  /** Of a task: what its other secrets are derived from (task-secrets.ts). */
  root: sealedSchema.optional(),
  createdAt: z.iso.datetime(),
});
export type Inbound = z.infer<typeof inboundSchema>;

export function inboundRef(registry: RegistryName, of: string): DocumentRef {
  return { container: 'registries', partition: [registry], id: `inbound:${of}` };
}
