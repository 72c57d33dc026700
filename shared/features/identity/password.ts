import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { HashPassword } from '../../core/ports/passwords.ts';

/** The parameters of scrypt (RFC 7914). */
interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/**
 * The cost of a password that a person may have chosen: a guess must cost something. Formatted hashes have this cost
 * alone.
 */
const cost: ScryptCost = { N: 16_384, r: 8, p: 1 };
const hashBytes = 32;

const derive = promisify<string, Buffer, number, ScryptCost, Buffer>(scrypt);

/**
 * Makes a password of 256 random bits, as 43 characters of base64url. The first is no dash: `docker login -p -…` would
 * take it for an option.
 */
export function makePassword(): string {
  const password = randomBytes(32).toString('base64url');
  return password.startsWith('-') ? makePassword() : password;
}

/** Says whether a text may have been made by `makePassword`. */
export function isMadePassword(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}

/** Makes a salt of 16 random bytes in base64url. */
export function makeSalt(): string {
  return randomBytes(16).toString('base64url');
}

/** Hashes a password by scrypt, in base64url. The usual cost is 16 MiB and some tens of milliseconds of a thread. */
export async function hashPassword(password: string, salt: string, of = cost): Promise<string> {
  return (await derive(password, Buffer.from(salt, 'base64url'), hashBytes, of)).toString('base64url');
}

/** Hashes passwords by scrypt. Tests alone use another cost than the usual. */
export function scryptPasswords(of = cost): HashPassword {
  return { hashPassword: (password, salt) => hashPassword(password, salt, of) };
}

const fastPrefix = 'hmac-sha256:';

/** Hashes a password that was made here: nothing slows a guess of 256 random bits more than their number does. */
export function hashMadePassword(password: string, salt: string): string {
  return `${fastPrefix}${createHmac('sha256', Buffer.from(salt, 'base64url')).update(password).digest('base64url')}`;
}

/** Says whether a stored hash is by `hashMadePassword`; those of earlier versions are by scrypt. */
export function isFastHash(hash: string): boolean {
  return hash.startsWith(fastPrefix);
}

/** Compares two hashes, in the same time wherever they differ. */
export function sameHash(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** The hash of a password that nobody has: checking a password of an unknown name takes as long as one of a known. */
export const nobody: PasswordHash = { salt: makeSalt(), hash: makePassword() };

/** A salted hash as one text, in which a setting or a file keeps a password. */
export interface PasswordHash {
  readonly salt: string;
  readonly hash: string;
}

export function formatPasswordHash({ salt, hash }: PasswordHash): string {
  return `scrypt:${cost.N}:${cost.r}:${cost.p}:${salt}:${hash}`;
}

/** Parses a formatted hash; `undefined` when the text is no hash of this kind and cost. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const [, salt, hash] =
    new RegExp(`^scrypt:${cost.N}:${cost.r}:${cost.p}:([\\w-]{22}):([\\w-]{43})$`).exec(text) ?? [];
  return salt === undefined || hash === undefined ? undefined : { salt, hash };
}
