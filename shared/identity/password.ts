import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { RegistryError } from '../oci/faults.ts';

/** Passwords are made here, 256 random bits each: nothing slows a guess of them more than their length does. RFC 7914 for the rest. */
const cost = { N: 16_384, r: 8, p: 1 };
const hashBytes = 32;

/** A derivation takes 16 MiB and a thread; so many run at once, and so many wait. */
const limit = pLimit(2);
const maxWaiting = 64;

const derive = promisify<string, Buffer, number, typeof cost, Buffer>(scrypt);

/** 43 characters of base64url. The first is no dash: `docker login -p -…` would take it for an option. */
export function makePassword(): string {
  const password = randomBytes(32).toString('base64url');
  return password.startsWith('-') ? makePassword() : password;
}

/** 16 random bytes in base64url. */
export function makeSalt(): string {
  return randomBytes(16).toString('base64url');
}

/** scrypt of a password, in base64url. Throws `RegistryError` (`too-many-requests`) when too many wait for theirs. */
export async function hashPassword(password: string, salt: string): Promise<string> {
  if (limit.pendingCount >= maxWaiting) throw new RegistryError({ is: 'too-many-requests', why: 'too many passwords are being checked', retryAfterMs: 2_000 });
  return limit(async () => (await derive(password, Buffer.from(salt, 'base64url'), hashBytes, cost)).toString('base64url'));
}

/** Takes the same time wherever the two differ. */
export function sameHash(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given, 'base64url'), Buffer.from(expected, 'base64url')];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** What nobody has: checking a password of an unknown name takes as long as one of a known. */
export const nobody: PasswordHash = { salt: makeSalt(), hash: makePassword() };

/** A salted hash as one text: how a setting or a file keeps a password. */
export interface PasswordHash {
  readonly salt: string;
  readonly hash: string;
}

export function formatPasswordHash({ salt, hash }: PasswordHash): string {
  return `scrypt:${cost.N}:${cost.r}:${cost.p}:${salt}:${hash}`;
}

/** `undefined` when the text is no hash of this kind and cost. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const [, salt, hash] = new RegExp(`^scrypt:${cost.N}:${cost.r}:${cost.p}:([\\w-]{22}):([\\w-]{43})$`).exec(text) ?? [];
  return salt === undefined || hash === undefined ? undefined : { salt, hash };
}
