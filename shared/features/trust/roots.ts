import { z } from 'zod';
import { Cached } from '../../core/documents/cached.ts';
import { collection } from '../../core/documents/collection.ts';
import { registrySchema } from '../../core/documents/names.ts';
import { documentShape } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Documents, ReadDocument } from '../../core/ports/documents.ts';
import type { SigstoreTrust } from './sigstore/trusted-root.ts';
import { readTrustedRoot } from './sigstore/trusted-root.ts';

/** A trusted root of sigstore, as its operators publish it in `trusted_root.json`. */
const rootSchema = z.object({
  ...documentShape('trusted-root'),
  registry: registrySchema,
  name: z.string(),
  /** The JSON, exactly as it was given. */
  text: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type TrustedRoot = z.infer<typeof rootSchema>;

export const trustedRoots = collection({
  container: 'registries',
  schema: rootSchema,
  place: ({ registry, name }: { readonly registry: RegistryName; readonly name: string }) => ({
    partition: [registry],
    id: `trusted-root:${name}`,
  }),
});

/** Reads all trusted roots in the order of their names. */
export async function listRoots(documents: Documents, registry: RegistryName): Promise<TrustedRoot[]> {
  const found = await trustedRoots.all(documents, {
    partition: [registry],
    where: [{ path: 'type', is: '=', value: 'trusted-root' }],
    orderBy: { path: 'name', direction: 'asc' },
  });
  return found.map(({ document }) => document);
}

/** The milliseconds for which this instance may miss a root that another one has replaced. */
const rootFreshness = 5_000;

/** Returns a reader of trusted roots, which parses each once in a while; `undefined` for one that there is not. */
export function rootReader({ clock, documents }: { readonly clock: Clock; readonly documents: ReadDocument }) {
  const known = new Cached<{ readonly trust: SigstoreTrust | undefined }>({ clock, freshMs: rootFreshness, max: 20 });
  return async (registry: RegistryName, name: string): Promise<SigstoreTrust | undefined> => {
    const { trust } = await known.get(`${registry}/${name}`, async () => {
      const found = await trustedRoots.find(documents, { registry, name });
      if (found === undefined) return { trust: undefined };
      const reading = readTrustedRoot(Buffer.from(found.document.text), name);
      return { trust: reading.is === 'read' ? reading.trust : undefined };
    });
    return trust;
  };
}
