import { RegistryError } from '../../../core/oci/faults.ts';
import { checkHeaders } from '../../../core/outbound/outbound-target.ts';
import type { Webhook } from '../documents.ts';
import { mask } from '../request.ts';
import type { HookIdentity } from '../secrets.ts';
import { openHeaders, sealHeaders } from '../secrets.ts';
import type { WebhookManagementPorts } from './ports.ts';
import { orConflict } from './ports.ts';

const maxHeaders = 20;
/** The bytes of names and values together; many servers accept no more than 8 KiB of headers. */
const maxBytes = 8 * 1024;

type Headers = Readonly<Record<string, string>>;

/**
 * Seals custom headers, with names in lower case; a masked value is the one from before. Returns `undefined` for none.
 * Throws `RegistryError` (`request-invalid`, `conflict`) and `StoreFailure`.
 */
export async function customHeaders(
  ports: WebhookManagementPorts,
  hook: HookIdentity,
  given: Headers,
  before: Webhook | undefined,
): Promise<Webhook['customHeaders']> {
  const headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
  const fault = faultOf(headers);
  if (fault !== undefined) throw new RegistryError({ is: 'request-invalid', why: `customHeaders: ${fault}` });
  if (Object.keys(headers).length === 0) return undefined;
  return sealHeaders(
    ports,
    hook,
    Object.values(headers).includes(mask) ? await unmasked(ports, headers, before) : headers,
  );
}

function faultOf(headers: Headers): string | undefined {
  const names = Object.keys(headers);
  if (names.length > maxHeaders) return `at most ${maxHeaders} headers are allowed, not ${names.length}`;
  const bytes = Object.entries(headers).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  if (bytes > maxBytes) return `names and values may have at most ${maxBytes} bytes together, not ${bytes}`;
  const signing = names.find((name) => name.startsWith('webhook-'));
  if (signing !== undefined)
    return `the header ${signing} cannot be set: the headers webhook-* belong to the signature`;
  if (names.includes('content-encoding')) return 'the header content-encoding cannot be set: bodies are not encoded';
  return checkHeaders(headers);
}

async function unmasked(
  ports: WebhookManagementPorts,
  headers: Headers,
  before: Webhook | undefined,
): Promise<Headers> {
  const kept = before === undefined ? {} : await orConflict(openHeaders(ports, before));
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const real = value === mask ? kept[name] : value;
      if (real === undefined)
        throw new RegistryError({
          is: 'request-invalid',
          why: `customHeaders: ${name} is masked, and the webhook has no such header to keep`,
        });
      return [name, real];
    }),
  );
}
