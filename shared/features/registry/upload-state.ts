import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { registrySchema, repositorySchema } from '../../core/documents/names.ts';
import { digestSchema } from '../../core/oci/descriptor.ts';
import type { DigestAlgorithm } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';

const algorithmSchema = z.enum(['sha256', 'sha512']);

const hashSchema = z.discriminatedUnion('is', [
  z.object({ is: z.literal('nothing') }),
  z.object({ is: z.literal('whole'), digest: digestSchema }),
  z.object({ is: z.literal('resumable'), algorithm: algorithmSchema, saved: z.string() }),
  z.object({ is: z.literal('lost') }),
]);

const stateSchema = z.object({
  id: z.uuid(),
  registry: registrySchema,
  repository: repositorySchema,
  /** The region whose storage has the bytes; absent in URLs from before there were several. */
  region: z.string().optional(),
  /** The time of the start in milliseconds since 1970. */
  startedAt: z.number(),
  /**
   * The time until which the URL alone is enough, in milliseconds since 1970; absent, each request needs credentials.
   */
  openUntil: z.number().optional(),
  /** The bytes that were received. */
  offset: z.int().nonnegative(),
  /** The blocks that have them, in order: the prefix of a request's block ids, and their number. */
  segments: z.array(z.tuple([z.string(), z.int().positive()])),
  /** A blob that holds the segments before these, when they are too many for a URL. */
  spilled: z.string().optional(),
  /** The prefix of the blocks of the next request, so that the blocks of an interrupted one can be found again. */
  next: z.string(),
  /** The algorithm of the blob's digest that the client announces (distribution-spec, "Pushing a blob in chunks"). */
  algorithm: algorithmSchema,
  hash: hashSchema,
});

/**
 * The state of an upload between two requests. It is in the signed URL that the client gets (`Location`), so starting
 * one calls no store and any instance can continue it.
 */
export type UploadState = z.infer<typeof stateSchema>;
export type Segment = UploadState['segments'][number];

/**
 * The milliseconds that an upload's URL is valid. Blob Storage deletes staged blocks after seven days, and a URL must
 * not outlive them.
 */
const uploadLifetime = 6 * 24 * 3600 * 1000;

/**
 * The milliseconds that a URL is valid without credentials: as long as the body of one request may take on a slow line.
 */
const openFor = 6 * 3600 * 1000;

export function newUpload(
  key: RepositoryKey,
  id: string,
  algorithm: DigestAlgorithm,
  now: Date,
  { region, open }: { readonly region?: string | undefined; readonly open?: boolean } = {},
): UploadState {
  return {
    ...defined({ region, openUntil: open === true ? now.getTime() + openFor : undefined }),
    id,
    registry: key.registry,
    repository: key.repository,
    startedAt: now.getTime(),
    offset: 0,
    segments: [],
    next: blockPrefix(id),
    algorithm,
    hash: { is: 'nothing' },
  };
}

/**
 * Returns the name of the physical blob that an upload becomes. It is chosen when the upload starts and never changed.
 */
export function physicalName(state: UploadState): string {
  return `blobs/${state.id}`;
}

/** Returns eight characters of a fresh UUID. */
export function blockPrefix(uuid: string): string {
  return uuid.replaceAll('-', '').slice(-8);
}

export function signUpload(state: UploadState, signingKey: Uint8Array): string {
  const payload = Buffer.from(JSON.stringify(state)).toString('base64url');
  return `${payload}.${signature(payload, signingKey)}`;
}

/**
 * Verifies and parses the state in an upload's URL. Throws `RegistryError` (`upload-unknown`) if it is forged, of
 * another upload or repository, or too old.
 */
export function openUpload(
  token: string | undefined,
  expected: RepositoryKey & { readonly id: string },
  signingKey: Uint8Array,
  now: Date,
): UploadState {
  const [payload, given, ...rest] = (token ?? '').split('.');
  if (
    payload === undefined ||
    given === undefined ||
    rest.length > 0 ||
    !sameText(given, signature(payload, signingKey))
  ) {
    throw unknown('this registry did not issue its URL');
  }
  const state = stateSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  if (state.id !== expected.id || state.repository !== expected.repository || state.registry !== expected.registry)
    throw unknown('its URL belongs to another upload');
  if (now.getTime() - state.startedAt > uploadLifetime) throw unknown('it was started more than six days ago');
  return state;
}

/** Returns whether the token is this registry's, of this upload, and enough without credentials. */
export function opensByItself(
  token: string | undefined,
  expected: RepositoryKey & { readonly id: string },
  signingKey: Uint8Array,
  now: Date,
): boolean {
  try {
    return now.getTime() < (openUpload(token, expected, signingKey, now).openUntil ?? 0);
  } catch (error) {
    // Then credentials are required, and a caller that shows them gets the error about the URL.
    if (error instanceof RegistryError) return false;
    throw error;
  }
}

function signature(payload: string, signingKey: Uint8Array): string {
  return createHmac('sha256', signingKey).update(payload).digest('base64url');
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function unknown(why: string): RegistryError {
  return new RegistryError({ is: 'upload-unknown', why });
}
