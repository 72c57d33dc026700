import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { json, managementRoutes, refusals } from '../../../core/http/management.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { keyRingRef, keyRingSchema } from '../keys/document.ts';
import type { ManagementPorts } from './ports.ts';

const keySchema = z.object({ kid: z.string(), createdAt: z.string(), signsFrom: z.string() }).openapi('SigningKey');

const routes = {
  list: createRoute({
    method: 'get',
    path: '/signing-keys',
    summary: 'The keys that sign and verify tokens, oldest first',
    responses: { ...refusals, 200: json('Their names and times.', z.object({ signingKeys: z.array(keySchema) })) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/signing-keys/{kid}',
    summary:
      'Ends every token that a key has signed, within 20 minutes; the next token makes a new key where none is left',
    request: { params: z.object({ kid: z.string().max(100) }) },
    responses: { ...refusals, 204: { description: 'Removed.' } },
  }),
};

/** `/signing-keys` of the management API: for the day that a key or the secret that seals it is known to others. */
export function signingKeyRoutes(ports: ManagementPorts): OpenAPIHono {
  const api = managementRoutes();
  api.openapi(routes.list, async (context) => {
    const ring = await readRing(ports);
    return context.json(
      {
        signingKeys: (ring?.document.keys ?? []).map(({ kid, createdAt, signsFrom }) => ({
          kid,
          createdAt,
          signsFrom,
        })),
      },
      200,
    );
  });
  api.openapi(routes.remove, async (context) => {
    await removeKey(ports, context.req.valid('param').kid);
    ports.forget();
    return context.body(null, 204);
  });
  return api;
}

function readRing({ documents, registry }: ManagementPorts) {
  return readStored(documents, keyRingSchema, keyRingRef(registry));
}

/**
 * Instances that hold the ring in memory see it when they read it anew, and tokens that they have seen end by
 * themselves.
 */
async function removeKey(ports: ManagementPorts, kid: string): Promise<void> {
  let hasFound = false;
  await untilUncontended('the key ring', async () => {
    const ring = await readRing(ports);
    const keys = ring?.document.keys.filter((key) => key.kid !== kid);
    const isThere = ring !== undefined && keys !== undefined && keys.length < ring.document.keys.length;
    // Gone between two tries: the first removed it and its answer was lost, or somebody else did.
    if (!isThere && hasFound) return true;
    if (!isThere) throw new RegistryError({ is: 'thing-unknown', what: `signing key "${kid}"` });
    hasFound = true;
    const outcome = await ports.documents.commitDocuments(
      'registries',
      [ports.registry],
      [{ do: 'replace', document: { ...ring.document, keys }, ifMatch: ring.etag }],
    );
    return outcome.committed ? true : undefined;
  });
}
