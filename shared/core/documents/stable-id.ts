import { createHash } from 'node:crypto';

/** Hashes its parts to 32 URL-safe characters: a repeated operation makes the same id, any other another one. */
export function stableId(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 32);
}

/** Hashes its parts as `stableId` does, in the form of a UUID. */
export function stableUuid(...parts: readonly unknown[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
