import { isDeepStrictEqual } from 'node:util';
import { removing, writing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { defined } from '../../core/documents/defined.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { parseStored, readStored } from '../../core/documents/stored.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { CommitDocuments, DocumentChange, QueryDocuments, ReadDocument } from '../../core/ports/documents.ts';
import type { Webhook, WebhookDocument, WebhookRoute } from './documents.ts';
import { webhookDocumentSchema, webhookRef } from './documents.ts';
import { anchorOf, parseScope, routeAnchor } from './scope.ts';

type HookStore = ReadDocument & CommitDocuments;

/** Reads a webhook; `undefined` when there is none of that name. Throws `StoreFailure` and `UnreadableDocument`. */
export async function readHook(
  documents: ReadDocument,
  registry: RegistryName,
  name: string,
): Promise<Webhook | undefined> {
  return (await readStoredHook(documents, registry, name))?.document.hook;
}

/** Reads a webhook. Throws `RegistryError` (`thing-unknown`) when there is none, and `StoreFailure`. */
export async function requireHook(documents: ReadDocument, registry: RegistryName, name: string): Promise<Webhook> {
  return (await readHook(documents, registry, name)) ?? raiseUnknown(name);
}

/**
 * Writes what `next` returns for the existing webhook, with its routes, in one transaction, and calls it again while
 * others write in between. When `next` returns its argument, nothing is written. An error of `next` ends it. Throws
 * `RegistryError` (`contended`) and `StoreFailure`.
 */
export async function writeHook(
  documents: HookStore,
  registry: RegistryName,
  name: string,
  next: (before: Webhook | undefined) => Webhook | Promise<Webhook>,
): Promise<{ readonly hook: Webhook; readonly created: boolean }> {
  let sent: { readonly hook: Webhook; readonly created: boolean } | undefined;
  return untilUncontended(`the webhook ${name}`, async () => {
    const stored = await readStoredHook(documents, registry, name);
    const before = stored?.document.hook;
    // The write was refused though it is stored: the answer of the first sending was lost.
    if (sent !== undefined && isDeepStrictEqual(before, JSON.parse(JSON.stringify(sent.hook)))) return sent;
    const hook = await next(before);
    if (hook === before) return { hook, created: false };
    sent = { hook, created: before === undefined };
    const document = documentOf(hook);
    const change: DocumentChange = writing(stored, document);
    const outcome = await documents.commitDocuments('registries', [registry], [change, ...routeChanges(before, hook)]);
    return outcome.committed ? sent : undefined;
  });
}

/**
 * Changes a webhook that must exist; `undefined` when there is none, or another one of its name if `uid` is given.
 * Throws as `writeHook` does.
 */
export async function changeHook(
  documents: HookStore,
  which: Pick<Webhook, 'registry' | 'name'> & { readonly uid?: string },
  next: (before: Webhook) => Webhook | Promise<Webhook>,
): Promise<Webhook | undefined> {
  try {
    const { hook } = await writeHook(documents, which.registry, which.name, (before) => {
      if (before === undefined || (which.uid !== undefined && before.uid !== which.uid)) throw new NoSuchHook();
      return next(before);
    });
    return hook;
  } catch (error) {
    if (error instanceof NoSuchHook) return undefined;
    throw error;
  }
}

class NoSuchHook extends Error {}

/**
 * Deletes a webhook with its routes: from then on no event finds it. Throws `RegistryError` (`thing-unknown`,
 * `contended`) and `StoreFailure`.
 */
export async function deleteHook(documents: HookStore, registry: RegistryName, name: string): Promise<void> {
  let isSent = false;
  await untilUncontended(`the webhook ${name}`, async () => {
    const stored = await readStoredHook(documents, registry, name);
    // The first sending has deleted it, and its answer was lost.
    if (stored === undefined && isSent) return true;
    if (stored === undefined) return raiseUnknown(name);
    isSent = true;
    const { hook } = stored.document;
    const changes: DocumentChange[] = [
      removing(stored),
      ...routesOf(hook).map((route): DocumentChange => ({ do: 'delete', id: route.id })),
    ];
    const outcome = await documents.commitDocuments('registries', [registry], changes);
    return outcome.committed ? true : undefined;
  });
}

/** Lists one page, by name. Throws `StoreFailure` and `UnreadableDocument`. */
export async function listHooks(
  documents: QueryDocuments,
  registry: RegistryName,
  { limit, continuation }: { readonly limit: number; readonly continuation?: string | undefined },
): Promise<{ readonly hooks: readonly Webhook[]; readonly continuation?: string }> {
  const page = await documents.queryDocuments({
    container: 'registries',
    partition: [registry],
    where: [{ path: 'type', is: '=', value: 'webhook' }],
    orderBy: { path: 'name', direction: 'asc' },
    limit,
    ...defined({ continuation }),
  });
  const hooks = page.documents.map(
    (found) => parseStored(webhookDocumentSchema, found, { container: 'registries' }).document.hook,
  );
  return { hooks, ...defined({ continuation: page.continuation }) };
}

function readStoredHook(
  documents: ReadDocument,
  registry: RegistryName,
  name: string,
): Promise<Stored<WebhookDocument> | undefined> {
  return readStored(documents, webhookDocumentSchema, webhookRef(registry, name));
}

function documentOf(hook: Webhook): WebhookDocument {
  const { registry, name } = hook;
  return { id: webhookRef(registry, name).id, type: 'webhook', schemaVersion: 1, registry, name, hook };
}

/** Makes one route for each action; none for a disabled webhook, so that no event finds it. */
function routesOf(hook: Webhook): WebhookRoute[] {
  const { registry, name, actions, status, scope } = hook;
  const parsed = parseScope(scope);
  if (status === 'disabled' || parsed === undefined) return [];
  return actions.map((action) => ({
    id: `webhook-route:${name}:${action}`,
    type: 'webhook-route',
    schemaVersion: 1,
    registry,
    name,
    anchor: routeAnchor(action, anchorOf(parsed)),
    hook,
  }));
}

function routeChanges(before: Webhook | undefined, after: Webhook): DocumentChange[] {
  const routes = routesOf(after);
  const kept = new Set(routes.map(({ id }) => id));
  const gone = before === undefined ? [] : routesOf(before).filter(({ id }) => !kept.has(id));
  return [
    ...routes.map((document): DocumentChange => ({ do: 'upsert', document })),
    ...gone.map(({ id }): DocumentChange => ({ do: 'delete', id })),
  ];
}

function raiseUnknown(name: string): never {
  throw new RegistryError({ is: 'thing-unknown', code: 'webhookNotFound', what: `webhook "${name}"` });
}
