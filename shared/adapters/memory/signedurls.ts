import type { BlobStore } from './blobstore.ts';

/** RFC 2606: nothing answers there, so a redirect that is followed by mistake fails. */
const origin = 'https://blobs.invalid';

export function signedUrl(name: string, expiresAt: number): string {
  return `${origin}/${encodeURIComponent(name)}?se=${encodeURIComponent(new Date(expiresAt).toISOString())}`;
}

/** What a client gets from a signed URL of this adapter: the bytes; `undefined` when it expired or there is no such blob. */
export function fetchSigned(store: BlobStore, url: string, now: Date): Uint8Array | undefined {
  const { origin: askedOrigin, pathname, searchParams } = new URL(url);
  if (askedOrigin !== origin) throw new TypeError(`${url} was not signed here`);
  if (Date.parse(searchParams.get('se') ?? '') <= now.getTime()) return undefined;
  const blob = store.get(decodeURIComponent(pathname.slice(1)));
  return blob === undefined ? undefined : Buffer.concat(blob.chunks);
}
