import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { replacing } from '../../../core/documents/changes.ts';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { absent, json, managementRoutes } from '../../../core/http/management.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { keyRingRef, keyRingSchema } from '../keys/document.ts';
import type { ManagementPorts } from './ports.ts';

const keySchema = z
  .object({
    kid: z.string().openapi({ description: 'The name of the key, as in the kid of tokens.' }),
    createdAt: z.string().openapi({ format: 'date-time', description: 'The time at which it was created.' }),
    signsFrom: z.string().openapi({ format: 'date-time', description: 'The time from which it signs.' }),
  })
  .openapi('SigningKey', { description: 'A key that signs and verifies access tokens, without its secret part.' });
const listSchema = z
  .object({ items: z.array(keySchema).openapi({ description: 'All keys, the oldest first.' }) })
  .openapi('SigningKeys', { description: 'All keys of the registry.' });
const tag = { name: 'signing keys', description: 'Manages the keys that sign and verify access tokens.' };

const routes = {
  list: createRoute({
    method: 'get',
    path: '/signing-keys',
    operationId: 'listSigningKeys',
    summary: 'Lists the signing keys',
    description: 'Lists the keys that sign and verify access tokens, the oldest first, all in one answer.',
    responses: { 200: json('All signing keys.', listSchema) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/signing-keys/{kid}',
    operationId: 'deleteSigningKey',
    summary: 'Deletes a signing key',
    description:
      'Deletes a key, and with it every token that it has signed, within 20 minutes. If no key is ' +
      'left, the next token makes a new one.',
    request: { params: z.object({ kid: z.string().max(100).openapi({ description: 'The name of the key.' }) }) },
    responses: { ...absent('signingKeyNotFound'), 204: { description: 'The signing key was deleted.' } },
  }),
};

/**
 * Makes the routes of `/signing-keys` of the management API, for the day that a key or the secret that seals it is
 * known to others.
 */
export function signingKeyRoutes(ports: ManagementPorts): OpenAPIHono {
  const api = managementRoutes(tag);
  api.openapi(routes.list, async (context) => {
    const ring = await readRing(ports);
    return context.json(
      {
        items: (ring?.document.keys ?? []).map(({ kid, createdAt, signsFrom }) => ({
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
 * Removes a key. Instances that hold the ring in memory notice when they read it again, and tokens that they have seen
 * end by themselves.
 */
async function removeKey(ports: ManagementPorts, kid: string): Promise<void> {
  let hasFound = false;
  await untilUncontended('the key ring', async () => {
    const ring = await readRing(ports);
    const keys = ring?.document.keys.filter((key) => key.kid !== kid);
    const isThere = ring !== undefined && keys !== undefined && keys.length < ring.document.keys.length;
    // The key is gone between two tries: the first removed it and its answer was lost, or somebody else did.
    if (!isThere && hasFound) return true;
    if (!isThere)
      throw new RegistryError({ is: 'thing-unknown', code: 'signingKeyNotFound', what: `signing key "${kid}"` });
    hasFound = true;
    const outcome = await ports.documents.commitDocuments(
      'registries',
      [ports.registry],
      [replacing(ring, { ...ring.document, keys })],
    );
    return outcome.committed ? true : undefined;
  });
}
