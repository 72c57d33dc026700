import { randomBytes } from 'node:crypto';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Sealed, SealedPlace } from '../../core/secrets/sealed.ts';
import { open, seal } from '../../core/secrets/sealed.ts';
import type { Webhook, WebhookSecret } from './documents.ts';
import type { WebhookPorts } from './ports.ts';

const prefix = 'whsec_';
/** The bytes allowed by Standard Webhooks, "Signature scheme". */
const [fewestBytes, mostBytes] = [24, 64];
const madeBytes = 32;

/** Makes a secret to sign with, in the form that the libraries of Standard Webhooks accept. */
export function makeSecret(): string {
  return prefix + randomBytes(madeBytes).toString('base64');
}

/** Returns the bytes of `whsec_…`; `undefined` when it is not 24 to 64 bytes in base64 behind that prefix. */
export function parseSecret(text: string): Uint8Array | undefined {
  if (!text.startsWith(prefix)) return undefined;
  const encoded = text.slice(prefix.length);
  const bytes = Buffer.from(encoded, 'base64');
  const isWhole = bytes.toString('base64').replace(/={0,2}$/, '') === encoded.replace(/={0,2}$/, '');
  return isWhole && bytes.length >= fewestBytes && bytes.length <= mostBytes ? bytes : undefined;
}

/**
 * Thrown for a webhook that nothing can be sent for: the key that its secrets or headers were sealed with is gone.
 * Rotating the secret, or giving the headers again, corrects it.
 */
export class WebhookUnsealable extends Error {
  override readonly name = 'WebhookUnsealable';
}

/** The life of a name: what was sealed for one webhook opens for no other. */
export type HookIdentity = Pick<Webhook, 'registry' | 'name' | 'uid'>;
type Keys = Pick<WebhookPorts, 'sealing'>;

/**
 * Seals a secret. Throws `RegistryError` (`conflict`) where no key is configured, `StoreFailure` when it cannot be
 * read.
 */
export async function sealSecret(
  ports: Keys,
  hook: HookIdentity,
  { id, bytes, createdAt }: { readonly id: string; readonly bytes: Uint8Array; readonly createdAt: string },
): Promise<WebhookSecret> {
  return { id, createdAt, sealed: await sealed(ports, placeOf(hook, `secret/${id}`), bytes) };
}

/**
 * Seals headers. Throws `RegistryError` (`conflict`) where no key is configured, `StoreFailure` when it cannot be read.
 */
export async function sealHeaders(
  ports: Keys,
  hook: HookIdentity,
  headers: Readonly<Record<string, string>>,
): Promise<NonNullable<Webhook['customHeaders']>> {
  return {
    names: Object.keys(headers),
    sealed: await sealed(ports, placeOf(hook, 'headers'), Buffer.from(JSON.stringify(headers))),
  };
}

/** Opens the headers. Throws `StoreFailure` and `WebhookUnsealable`. */
export async function openHeaders(
  ports: Keys,
  hook: HookIdentity & Pick<Webhook, 'customHeaders'>,
): Promise<Record<string, string>> {
  if (hook.customHeaders === undefined) return {};
  const bytes = await open(hook.customHeaders.sealed, ports.sealing, placeOf(hook, 'headers'));
  if (bytes === undefined)
    throw new WebhookUnsealable(`the custom headers of the webhook "${hook.name}" cannot be decrypted: set them again`);
  return JSON.parse(Buffer.from(bytes).toString()) as Record<string, string>;
}

/** Returns the secrets that sign at that time, newest first. */
export function liveSecrets(secrets: readonly WebhookSecret[], now: Date): WebhookSecret[] {
  return secrets.filter(({ expiresAt }) => expiresAt === undefined || new Date(expiresAt) > now);
}

/**
 * Opens the live secrets, newest first. One that does not open any more does not sign. Throws `StoreFailure` and, when
 * none opens, `WebhookUnsealable`.
 */
export async function openSecrets(
  ports: Keys,
  hook: HookIdentity & Pick<Webhook, 'secrets'>,
  now: Date,
): Promise<Uint8Array[]> {
  const all = await Promise.all(
    liveSecrets(hook.secrets, now).map((secret) =>
      open(secret.sealed, ports.sealing, placeOf(hook, `secret/${secret.id}`)),
    ),
  );
  const good = all.filter((bytes) => bytes !== undefined);
  if (good.length === 0)
    throw new WebhookUnsealable(`no secret of the webhook "${hook.name}" can be decrypted: rotate its secret`);
  return good;
}

function placeOf({ registry, name, uid }: HookIdentity, what: string): SealedPlace {
  return { purpose: 'webhooks', context: `${registry}/${name}/${uid}/${what}` };
}

async function sealed({ sealing }: Keys, place: SealedPlace, bytes: Uint8Array): Promise<Sealed> {
  if (!sealing.configured)
    throw new RegistryError({
      is: 'conflict',
      code: 'sealingKeyMissing',
      why:
        'webhooks need a key that seals their secrets: set LONGSHORE_SECRET_KEY, 32 bytes or more in ' +
        'base64, on every instance, or LONGSHORE_KEY_VAULT',
    });
  return seal(bytes, await sealing.current(), place);
}
