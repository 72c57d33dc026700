import type { HonoRequest } from 'hono';
import { hasBody, readSmallBody, rememberBytes } from './request.ts';

/**
 * A body of the management API may have this many bytes: the objects that it stores are smaller, and so are the
 * notifications of registries.
 */
const maxManagementBody = 1024 * 1024;

/**
 * Reads the body of a request whose caller is known, and leaves it to later readers: routes have it parsed by a library
 * that reads bodies of any size. Throws `RegistryError` (`too-large`, `too-slow`, `length-mismatch`).
 */
export async function boundManagementBody(request: HonoRequest, most = maxManagementBody): Promise<void> {
  const { raw } = request;
  if (raw.method === 'GET' || raw.method === 'HEAD' || !hasBody(raw)) return;
  const bytes = await readSmallBody(raw, 'request', most);
  rememberBytes(raw, bytes);
  const whole = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  // Hono makes text and JSON of the cached buffer; its types have the value without the promise.
  Object.assign(request.bodyCache, { arrayBuffer: Promise.resolve(whole) });
}
