import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { writing } from '../../../core/documents/changes.ts';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { defined } from '../../../core/documents/defined.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { body, json, managementRoutes } from '../../../core/http/management.ts';
import type { DocumentChange } from '../../../core/ports/documents.ts';
import { skus } from '../ratelimits.ts';
import type { SettingsDocument } from '../registrysettings.ts';
import { ratesInForce, settingsDocumentSchema, settingsRef } from '../registrysettings.ts';
import type { ManagementPorts } from './ports.ts';

const skuSchema = z.enum(skus);
const rate = z.int().min(1).max(999_999_999);
const kinds = {
  read: rate.openapi({ description: 'The requests a minute that read.' }),
  write: rate.openapi({ description: 'The requests a minute that write.' }),
  delete: rate.openapi({ description: 'The requests a minute that delete.' }),
};
const ratesSchema = z.object(kinds).openapi('Rates', { description: 'The numbers of requests a minute.' });
const ownRatesSchema = z.object(kinds).partial();
const changedRatesSchema = z.strictObject({
  read: kinds.read.nullable().optional(),
  write: kinds.write.nullable().optional(),
  delete: kinds.delete.nullable().optional(),
});

const changeSchema = z
  .strictObject({
    sku: skuSchema.nullable().optional().openapi({ description: 'The SKU, which sets the limits.' }),
    rateLimits: z
      .strictObject({
        registry: changedRatesSchema
          .nullable()
          .optional()
          .openapi({ description: 'The limits of all callers together.' }),
        identity: changedRatesSchema.nullable().optional().openapi({ description: 'The limits of each caller.' }),
      })
      .nullable()
      .optional()
      .openapi({ description: "This registry's own limits, instead of the SKU's." }),
  })
  .openapi('RegistryChange', {
    description:
      'The changes: an absent property stays as it is, null sets the value of the SKU and the configuration.',
    example: { sku: 'premium', rateLimits: { identity: { read: 5_000 } } },
  });

const registrySchema = z
  .object({
    name: z.string().openapi({ description: 'The name of the registry.' }),
    sku: skuSchema.openapi({ description: 'The SKU, which sets the limits.' }),
    rateLimits: z
      .object({
        registry: ownRatesSchema.openapi({ description: 'The limits of all callers together.' }),
        identity: ownRatesSchema.openapi({ description: 'The limits of each caller.' }),
      })
      .openapi({ description: "This registry's own limits, instead of the SKU's." }),
    inForce: z
      .object({
        registry: ratesSchema.optional().openapi({ description: 'The limits of all callers together.' }),
        identity: ratesSchema.optional().openapi({ description: 'The limits of each caller.' }),
      })
      .openapi({
        description:
          "The limits in force; absent ones do not limit. The deployment's own limits win over the registry's.",
      }),
    updatedAt: z.string().optional().openapi({
      format: 'date-time',
      description: 'The time of the last change; absent if the registry has no settings of its own.',
    }),
  })
  .openapi('Registry', { description: 'The SKU of the registry and its limits.' });

const routes = {
  read: createRoute({
    method: 'get',
    path: '/registry',
    operationId: 'getRegistry',
    summary: 'Gets the SKU and the limits',
    description: 'Gets the SKU of the registry, its own limits, and those that are in force.',
    responses: { 200: json('The SKU and the limits.', registrySchema) },
  }),
  change: createRoute({
    method: 'patch',
    path: '/registry',
    operationId: 'updateRegistry',
    summary: 'Changes the SKU or its limits',
    description: 'Changes the SKU of the registry or single limits. Other instances follow within ten seconds.',
    request: body(changeSchema),
    responses: { 200: json('The SKU and the limits as they are now.', registrySchema) },
  }),
};

type Change = z.infer<typeof changeSchema>;

/** Makes the routes of `/registry` of the management API. */
export function registryRoutes(ports: ManagementPorts): OpenAPIHono {
  const api = managementRoutes({
    name: 'registry',
    description: 'Manages the SKU and the rate limits of the registry.',
  });
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
    ...defined({ updatedAt }),
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
    const write: DocumentChange = writing(before, document);
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
