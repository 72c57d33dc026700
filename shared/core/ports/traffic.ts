/**
 * The way of a blob's bytes: `received` in bodies of uploads that came whole, `redirected` to where a client reads them
 * itself, `proxied` through this process.
 */
export type ByteWay = 'received' | 'redirected' | 'proxied';

export interface CountBytes {
  /** Counts the bytes of a blob that go one way. Never throws, never waits. */
  countBytes(way: ByteWay, bytes: number): void;
}
