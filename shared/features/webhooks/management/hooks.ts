import type { OpenAPIHono } from '@hono/zod-openapi';
import { managementRoutes, nextLink } from '../../../core/http/management.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { Webhook } from '../documents.ts';
import { changeHook, deleteHook, listHooks, requireHook, writeHook } from '../hooks.ts';
import type { NewSecret } from './changes.ts';
import { madeHook, newSecret, patchedHook, replacedHook, rotated, withoutSecret } from './changes.ts';
import type { PutHook } from './hook-schema.ts';
import { webhooksTag } from './hook-schema.ts';
import { hookRouteTable, onWire, secretShown } from './hook-wire.ts';
import type { WebhookManagementPorts } from './ports.ts';

/** Makes the routes of `/webhooks` of the management API: the webhooks and their secrets. */
export function hookRoutes(ports: WebhookManagementPorts): OpenAPIHono {
  const api = managementRoutes(webhooksTag);
  readingRoutes(api, ports);
  changingRoutes(api, ports);
  secretRoutes(api, ports);
  return api;
}

function readingRoutes(api: OpenAPIHono, { documents, registry, clock }: WebhookManagementPorts): void {
  api.openapi(hookRouteTable.list, async (context) => {
    const { hooks, continuation } = await listHooks(documents, registry, context.req.valid('query'));
    const items = hooks.map((hook) => onWire(hook, clock.now()));
    return context.json({ items, ...nextLink(context.req, continuation) }, 200);
  });
  api.openapi(hookRouteTable.read, async (context) =>
    context.json(onWire(await requireHook(documents, registry, context.req.valid('param').name), clock.now()), 200),
  );
}

function changingRoutes(api: OpenAPIHono, ports: WebhookManagementPorts): void {
  const { documents, registry, clock } = ports;
  api.openapi(hookRouteTable.put, async (context) => {
    const { hook, secret } = await putHook(ports, context.req.valid('param').name, context.req.valid('json'));
    const shown = onWire(hook, clock.now());
    return secret === undefined ? context.json(shown, 200) : context.json({ ...shown, secret: secret.value }, 201);
  });
  api.openapi(hookRouteTable.patch, async (context) => {
    const patch = context.req.valid('json');
    const hook = await changeKnown(ports, context.req.valid('param').name, (before) =>
      patchedHook(ports, before, patch),
    );
    return context.json(onWire(hook, clock.now()), 200);
  });
  api.openapi(hookRouteTable.remove, async (context) => {
    await deleteHook(documents, registry, context.req.valid('param').name);
    return context.body(null, 204);
  });
}

function secretRoutes(api: OpenAPIHono, ports: WebhookManagementPorts): void {
  api.openapi(hookRouteTable.rotate, async (context) => {
    const { secret: given, overlapSeconds } = context.req.valid('json');
    let made: NewSecret | undefined;
    await changeKnown(ports, context.req.valid('param').name, async (before) => {
      made = await newSecret(ports, before, given);
      return rotated(ports, before, made.stored, overlapSeconds);
    });
    return context.json(secretShown(made as NewSecret), 201);
  });
  api.openapi(hookRouteTable.endSecret, async (context) => {
    const { name, id } = context.req.valid('param');
    await changeKnown(ports, name, (before) => withoutSecret(ports, before, id));
    return context.body(null, 204);
  });
}

/** Creates or replaces a webhook; `secret` is returned when it is new. */
async function putHook(
  ports: WebhookManagementPorts,
  name: string,
  content: PutHook,
): Promise<{ readonly hook: Webhook; readonly secret: NewSecret | undefined }> {
  let secret: NewSecret | undefined;
  const { hook } = await writeHook(ports.documents, ports.registry, name, async (before) => {
    const made =
      before === undefined
        ? await madeHook(ports, name, content)
        : { hook: await replacedHook(ports, before, content), secret: undefined };
    ({ secret } = made);
    return made.hook;
  });
  return { hook, secret };
}

async function changeKnown(
  { documents, registry }: WebhookManagementPorts,
  name: string,
  next: (before: Webhook) => Webhook | Promise<Webhook>,
): Promise<Webhook> {
  const hook = await changeHook(documents, { registry, name }, next);
  if (hook === undefined)
    throw new RegistryError({ is: 'thing-unknown', code: 'webhookNotFound', what: `webhook "${name}"` });
  return hook;
}
