/**
 * Resource ids (`_rid`) as the service builds them: 4 bytes of database, 4 of container, 8 of document, in base64
 * with '-' for '/'. The SDK keeps session tokens only for a container whose rid decodes to 8 bytes.
 */
const encode = (bytes: Buffer): string => bytes.toString('base64').replaceAll('/', '-');

const CONTAINER_FLAG = 0x80000000;

export function databaseRid(database: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(database);
  return encode(bytes);
}

export function containerRid(database: number, container: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(database);
  bytes.writeUInt32BE(CONTAINER_FLAG + container, 4);
  return encode(bytes);
}

/** @param item a number that is never given twice in its container */
export function documentRid(database: number, container: number, item: number): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(database);
  bytes.writeUInt32BE(CONTAINER_FLAG + container, 4);
  bytes.writeBigUInt64LE(BigInt(item), 8);
  return encode(bytes);
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** A strong etag, quotes included. Unique for as long as `version` never repeats in its container. */
export const etagOf = (container: number, version: number, seconds: number): string =>
  `"${hex(container, 8)}-0000-0100-0000-${hex(version, 12)}${hex(seconds, 8)}"`;
