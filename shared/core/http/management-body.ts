import type { HonoRequest } from 'hono';
import { hasBody, readSmallBody, rememberBytes } from './request.ts';

/**
 * The largest body that the management API reads: what it keeps is smaller, and so is what hosts of registries post. In
 * bytes.
 */
const maxManagementBody = 1024 * 1024;

/**
 * Reads the body of a request whose caller is known, and leaves it to whoever asks for it: routes have it parsed by a
 * library that reads whatever comes. Throws `RegistryError` (`too-large`, `too-slow`, `length-mismatch`).
 */
export async function boundManagementBody(request: HonoRequest): Promise<void> {
  const { raw } = request;
  if (raw.method === 'GET' || raw.method === 'HEAD' || !hasBody(raw)) return;
  const bytes = await readSmallBody(raw, 'request', maxManagementBody);
  rememberBytes(raw, bytes);
  const whole = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  // Hono makes text and JSON of what is here; its types have the value without the promise.
  Object.assign(request.bodyCache, { arrayBuffer: Promise.resolve(whole) });
}
