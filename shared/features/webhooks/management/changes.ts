import { timingSafeEqual } from 'node:crypto';
import { RegistryError } from '../../../core/oci/faults.ts';
import { hidden, meantUrl } from '../../../core/outbound/shown-url.ts';
import type { Webhook, WebhookSecret } from '../documents.ts';
import type { HookIdentity } from '../secrets.ts';
import { liveSecrets, makeSecret, openSecrets, parseSecret, sealSecret } from '../secrets.ts';
import { customHeaders } from './headers.ts';
import type { HookPatch, PutHook } from './hook-schema.ts';
import type { WebhookManagementPorts } from './ports.ts';
import { orConflict } from './ports.ts';

/** A secret as it is shown, once. */
export interface NewSecret {
  readonly value: string;
  readonly stored: WebhookSecret;
}

/**
 * Makes a secret for a webhook, or uses the given one. Throws `RegistryError` (`request-invalid`) and `StoreFailure`.
 */
export async function newSecret(
  ports: WebhookManagementPorts,
  hook: HookIdentity,
  given: string | undefined,
): Promise<NewSecret> {
  const value = given ?? makeSecret();
  const bytes = parseSecret(value);
  if (bytes === undefined) throw new RegistryError({ is: 'request-invalid', why: 'secret is none' });
  return {
    value,
    stored: await sealSecret(ports, hook, {
      id: ports.ids.nextId(),
      bytes,
      createdAt: ports.clock.now().toISOString(),
    }),
  };
}

/** Makes a new webhook and its secret. Throws `RegistryError` and `StoreFailure`. */
export async function madeHook(
  ports: WebhookManagementPorts,
  name: string,
  content: PutHook,
): Promise<{ readonly hook: Webhook; readonly secret: NewSecret }> {
  const { registry, ids, clock } = ports;
  const identity: HookIdentity = { registry, name, uid: ids.nextId() };
  const secret = await newSecret(ports, identity, content.secret);
  const now = clock.now().toISOString();
  return {
    hook: withoutUndefined({
      ...identity,
      ...(await contentOf(ports, identity, content, undefined)),
      secrets: [secret.stored],
      createdAt: now,
      updatedAt: now,
    }),
    secret,
  };
}

/**
 * Replaces the content of a webhook: its secrets stay, and headers that are sent masked. Throws `RegistryError` and
 * `StoreFailure`.
 */
export async function replacedHook(ports: WebhookManagementPorts, before: Webhook, content: PutHook): Promise<Webhook> {
  await requireSameSecret(ports, before, content.secret);
  const { registry, name, uid, secrets, createdAt } = before;
  return changed(ports, before, {
    registry,
    name,
    uid,
    secrets,
    createdAt,
    ...(await contentOf(ports, before, content, before)),
  });
}

/** Changes a webhook; properties that are not named stay. Throws `RegistryError` and `StoreFailure`. */
export async function patchedHook(ports: WebhookManagementPorts, before: Webhook, patch: HookPatch): Promise<Webhook> {
  const { customHeaders: headers, actions, scope, excludes, status, format, retrySeconds, giveUpSeconds } = patch;
  const serviceUri = patch.serviceUri === undefined ? undefined : targetIn(ports, patch.serviceUri, before);
  if (serviceUri !== undefined && headers === undefined && before.customHeaders !== undefined)
    requireSameOrigin(before, serviceUri);
  const given = withoutUndefined({ serviceUri, actions, scope, excludes, status, format });
  return changed(ports, before, {
    ...before,
    ...given,
    customHeaders:
      headers === undefined
        ? before.customHeaders
        : await headersFor(ports, before, { headers, serviceUri: serviceUri ?? before.serviceUri }, before),
    retrySeconds: retrySeconds === undefined ? before.retrySeconds : (retrySeconds ?? undefined),
    giveUpSeconds: giveUpSeconds === undefined ? before.giveUpSeconds : (giveUpSeconds ?? undefined),
  });
}

async function contentOf(
  ports: WebhookManagementPorts,
  identity: HookIdentity,
  content: PutHook,
  before: Webhook | undefined,
) {
  const { actions, scope, excludes, status, format, retrySeconds, giveUpSeconds } = content;
  const serviceUri = targetIn(ports, content.serviceUri, before);
  return {
    serviceUri,
    actions,
    scope,
    excludes,
    status,
    format,
    retrySeconds,
    giveUpSeconds,
    customHeaders: await headersFor(ports, identity, { headers: content.customHeaders ?? {}, serviceUri }, before),
  };
}

/** Returns the headers. Those that are kept are sent only to where they went before. */
async function headersFor(
  ports: WebhookManagementPorts,
  identity: HookIdentity,
  { headers, serviceUri }: { readonly headers: Readonly<Record<string, string>>; readonly serviceUri: string },
  before: Webhook | undefined,
): Promise<Webhook['customHeaders']> {
  if (before !== undefined && Object.values(headers).includes(hidden)) requireSameOrigin(before, serviceUri);
  return customHeaders(ports, identity, headers, before);
}

/**
 * Refuses another origin for kept headers: a caller who may change a webhook and not read its headers would have them
 * sent to himself.
 */
function requireSameOrigin(before: Webhook, serviceUri: string): void {
  if (new URL(before.serviceUri).origin === new URL(serviceUri).origin) return;
  throw new RegistryError({
    is: 'request-invalid',
    why:
      'customHeaders: the present headers are for the present host alone: send new ones with another ' +
      'serviceUri, or {} for none',
  });
}

function targetIn(ports: WebhookManagementPorts, given: string, before: Webhook | undefined): string {
  const serviceUri = meantUrl(given, before?.serviceUri);
  if (serviceUri === undefined)
    throw new RegistryError({
      is: 'request-invalid',
      why:
        'serviceUri is masked, and differs from the present one as it is shown: send it exactly as it ' +
        'was read, or send the whole new URL',
    });
  const fault = ports.checkTarget(serviceUri);
  if (fault === undefined) return serviceUri;
  throw new RegistryError({ is: 'request-invalid', why: `serviceUri ${fault}` });
}

/** Finishes a change. The failures of an earlier receiver say nothing of a webhook that is enabled again. */
function changed(
  { clock }: WebhookManagementPorts,
  before: Webhook,
  after: Undefinable<Omit<Webhook, 'updatedAt'>>,
): Webhook {
  const wasDisabled = before.status === 'disabled';
  const [disabledBecause, brokenSince] =
    after.status === 'disabled'
      ? [wasDisabled ? before.disabledBecause : undefined, undefined]
      : [undefined, before.brokenSince];
  return withoutUndefined({ ...after, disabledBecause, brokenSince, updatedAt: clock.now().toISOString() }) as Webhook;
}

/**
 * Requires the same secret. A caller who declares a webhook with its secret may declare it again; another secret would
 * break its receiver at once.
 */
async function requireSameSecret(
  ports: WebhookManagementPorts,
  before: Webhook,
  secret: string | undefined,
): Promise<void> {
  const given = secret === undefined ? undefined : parseSecret(secret);
  if (given === undefined) return;
  const live = await orConflict(openSecrets(ports, before, ports.clock.now()));
  if (live.some((bytes) => bytes.length === given.length && timingSafeEqual(bytes, given))) return;
  throw new RegistryError({
    is: 'conflict',
    code: 'webhookHasAnotherSecret',
    why:
      `the webhook "${before.name}" has another secret: change it by POST on ${before.name}/secrets, ` +
      'so that both secrets sign for a while',
  });
}

/** At most so many secrets sign at a time: a receiver tries them all. */
const mostSecrets = 2;

/**
 * Rotates: the new secret signs first, the present one until `overlapSeconds` from now. Throws `RegistryError`
 * (`conflict`) while two are live.
 */
export function rotated(
  { clock }: Pick<WebhookManagementPorts, 'clock'>,
  before: Webhook,
  secret: WebhookSecret,
  overlapSeconds: number,
): Webhook {
  const now = clock.now();
  const live = liveSecrets(before.secrets, now);
  if (live.length >= mostSecrets && overlapSeconds > 0) {
    const named = live.map(({ id, expiresAt }) => (expiresAt === undefined ? id : `${id} until ${expiresAt}`));
    throw new RegistryError({
      is: 'conflict',
      code: 'tooManySecrets',
      why:
        `two secrets sign already, ${named.join(' and ')}: delete one, or rotate with overlapSeconds 0, ` +
        'which ends both at once',
    });
  }
  const expiresAt = new Date(now.getTime() + overlapSeconds * 1000).toISOString();
  const overlapping = overlapSeconds === 0 ? [] : live.map((each) => ({ ...each, expiresAt }));
  return { ...before, secrets: [secret, ...overlapping], updatedAt: now.toISOString() };
}

/**
 * Removes one secret; the one that stays has no end any more. Throws `RegistryError` (`thing-unknown`, and `conflict`
 * for the last one).
 */
export function withoutSecret({ clock }: Pick<WebhookManagementPorts, 'clock'>, before: Webhook, id: string): Webhook {
  const now = clock.now();
  const live = liveSecrets(before.secrets, now);
  const kept = live.filter((secret) => secret.id !== id);
  if (kept.length === live.length)
    throw new RegistryError({
      is: 'thing-unknown',
      code: 'webhookSecretNotFound',
      what: `secret "${id}" of the webhook "${before.name}"`,
    });
  if (kept.length === 0)
    throw new RegistryError({
      is: 'conflict',
      code: 'lastSecret',
      why: `it is the only secret of the webhook "${before.name}": create a new one first`,
    });
  return { ...before, secrets: kept.map(({ expiresAt: _over, ...secret }) => secret), updatedAt: now.toISOString() };
}

type Undefinable<T> = { [K in keyof T]: T[K] | undefined };
type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

function withoutUndefined<T extends object>(of: T): Defined<T> {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as Defined<T>;
}
