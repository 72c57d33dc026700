import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { body, json, managementRoutes, refusals } from '../../../core/http/management.ts';
import type { DocumentChange } from '../../../core/ports/documents.ts';
import { skus } from '../ratelimits.ts';
import type { SettingsDocument } from '../registrysettings.ts';
import { ratesInForce, settingsDocumentSchema, settingsRef } from '../registrysettings.ts';
import type { ManagementPorts } from './ports.ts';

const skuSchema = z.enum(skus);
const rate = z.int().min(1).max(999_999_999).openapi({ description: 'Requests a minute.' });
const ratesSchema = z.object({ read: rate, write: rate, delete: rate }).openapi('Rates');
const ownRatesSchema = z.object({ read: rate.optional(), write: rate.optional(), delete: rate.optional() });
const changedRatesSchema = z.strictObject({
  read: rate.nullable().optional(),
  write: rate.nullable().optional(),
  delete: rate.nullable().optional(),
});

const changeSchema = z
  .strictObject({
    sku: skuSchema.nullable().optional(),
    rateLimits: z
      .strictObject({
        registry: changedRatesSchema.nullable().optional(),
        identity: changedRatesSchema.nullable().optional(),
      })
      .nullable()
      .optional(),
  })
  .openapi('RegistryChange', {
    description: 'What is absent stays, and null goes back to what the SKU and the configuration say.',
    example: { sku: 'premium', rateLimits: { identity: { read: 5_000 } } },
  });

const registrySchema = z
  .object({
    name: z.string(),
    sku: skuSchema,
    rateLimits: z
      .object({ registry: ownRatesSchema, identity: ownRatesSchema })
      .openapi({ description: "Own numbers of this registry, instead of the SKU's." }),
    inForce: z.object({ registry: ratesSchema.optional(), identity: ratesSchema.optional() }).openapi({
      description:
        "What requests are counted against; absent: not limited. The deployment's own numbers stand above the registry's.",
    }),
    updatedAt: z
      .string()
      .optional()
      .openapi({ format: 'date-time', description: "Absent while nothing of the registry's own was set." }),
  })
  .openapi('Registry');

const routes = {
  read: createRoute({
    method: 'get',
    path: '/registry',
    summary: "The registry's SKU and limits",
    responses: { ...refusals, 200: json('They.', registrySchema) },
  }),
  change: createRoute({
    method: 'patch',
    path: '/registry',
    summary: "Changes the registry's SKU, or single numbers of it",
    request: body(changeSchema),
    responses: { ...refusals, 200: json('So it is, on other instances within ten seconds.', registrySchema) },
  }),
};

type Change = z.infer<typeof changeSchema>;

/** `/registry` of the management API. */
export function registryRoutes(ports: ManagementPorts): OpenAPIHono {
  const api = managementRoutes();
  api.openapi(routes.read, async (context) => context.json(onWire(ports, (await readOwn(ports))?.document), 200));
  api.openapi(routes.change, async (context) => {
    const own = await changeOwn(ports, context.req.valid('json'));
    ports.learn(own);
    return context.json(onWire(ports, own), 200);
  });
  return api;
}

function onWire({ registry, defaults }: ManagementPorts, own: SettingsDocument | undefined) {
  const { rateLimits = { registry: {}, identity: {} }, updatedAt } = own ?? {};
  return {
    name: registry,
    sku: own?.sku ?? defaults.sku,
    rateLimits,
    inForce: ratesInForce(defaults, own),
    ...(updatedAt === undefined ? {} : { updatedAt }),
  };
}

function readOwn({ documents, registry }: ManagementPorts) {
  return readStored(documents, settingsDocumentSchema, settingsRef(registry));
}

async function changeOwn(ports: ManagementPorts, change: Change): Promise<SettingsDocument> {
  const { documents, registry, clock } = ports;
  return untilUncontended("the registry's settings", async () => {
    const before = await readOwn(ports);
    const document: SettingsDocument = {
      id: settingsRef(registry).id,
      type: 'settings',
      schemaVersion: 1,
      registry,
      ...changed(before?.document, change),
      updatedAt: clock.now().toISOString(),
    };
    const write: DocumentChange =
      before === undefined ? { do: 'create', document } : { do: 'replace', document, ifMatch: before.etag };
    return (await documents.commitDocuments('registries', [registry], [write])).committed ? document : undefined;
  });
}

function changed(
  before: SettingsDocument | undefined,
  { sku = before?.sku, rateLimits = {} }: Change,
): Pick<SettingsDocument, 'sku' | 'rateLimits'> {
  const { registry, identity } = before?.rateLimits ?? { registry: {}, identity: {} };
  const next = {
    registry: changedRates(registry, rateLimits === null ? null : rateLimits.registry),
    identity: changedRates(identity, rateLimits === null ? null : rateLimits.identity),
  };
  return sku === null || sku === undefined ? { rateLimits: next } : { sku, rateLimits: next };
}

type OwnRates = SettingsDocument['rateLimits']['registry'];

function changedRates(before: OwnRates, change: z.infer<typeof changedRatesSchema> | null | undefined): OwnRates {
  if (change === null) return {};
  return Object.fromEntries(
    Object.entries({ ...before, ...change }).filter(([, value]) => value !== null && value !== undefined),
  );
}
