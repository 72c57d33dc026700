import type { BlobStore } from './blobstore.ts';

export function signedUrl(host: string, name: string, expiresAt: number): string {
  return `https://${host}/${encodeURIComponent(name)}?se=${encodeURIComponent(new Date(expiresAt).toISOString())}`;
}

/**
 * Fetches a signed URL of this adapter as a client does: returns the bytes; `undefined` when it expired or there is no
 * such blob.
 */
export function fetchSigned(store: BlobStore, url: string, now: Date): Uint8Array | undefined {
  const { host, pathname, searchParams } = new URL(url);
  if (host !== store.host) throw new TypeError(`${url} was not signed here`);
  if (Date.parse(searchParams.get('se') ?? '') <= now.getTime()) return undefined;
  const blob = store.get(decodeURIComponent(pathname.slice(1)));
  return blob === undefined ? undefined : Buffer.concat(blob.chunks);
}
