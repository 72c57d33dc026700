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
  /** Whose storage has its bytes; absent in URLs from before there were several. */
  region: z.string().optional(),
  /** Milliseconds since 1970. */
  startedAt: z.number(),
  /**
   * Until when the URL alone lets its holder go on, in milliseconds since 1970; absent, credentials are asked for each
   * time.
   */
  openUntil: z.number().optional(),
  /** Bytes received. */
  offset: z.int().nonnegative(),
  /** Which blocks hold them, in order: the prefix of a request's block ids, and how many there are. */
  segments: z.array(z.tuple([z.string(), z.int().positive()])),
  /** A blob that holds the segments before these, when they are too many for a URL. */
  spilled: z.string().optional(),
  /** The prefix of the blocks of the next request, so that what an interrupted one staged can be found again. */
  next: z.string(),
  /** What the client says that the blob's digest will be made with (distribution-spec, "Pushing a blob in chunks"). */
  algorithm: algorithmSchema,
  hash: hashSchema,
});

/**
 * An upload between two requests. It lives in the signed URL that the client is given (`Location`), so starting one
 * touches no store and any instance can go on with it.
 */
export type UploadState = z.infer<typeof stateSchema>;
export type Segment = UploadState['segments'][number];

/** Staged blocks vanish after seven days (contracts of Blob Storage); a URL must not outlive them. In milliseconds. */
const uploadLifetime = 6 * 24 * 3600 * 1000;

/**
 * Of a URL that opens without credentials: as long as the body of one request may take on a slow line. In milliseconds.
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

/** The physical blob that an upload becomes: chosen when it starts, never renamed. */
export function physicalName(state: UploadState): string {
  return `blobs/${state.id}`;
}

/** Eight characters of a fresh UUID. */
export function blockPrefix(uuid: string): string {
  return uuid.replaceAll('-', '').slice(-8);
}

export function signUpload(state: UploadState, signingKey: Uint8Array): string {
  const payload = Buffer.from(JSON.stringify(state)).toString('base64url');
  return `${payload}.${signature(payload, signingKey)}`;
}

/** Throws `RegistryError` (`upload-unknown`) when the token is forged, of another upload or repository, or too old. */
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
    throw unknown('its URL is not one that this registry gave out');
  }
  const state = stateSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  if (state.id !== expected.id || state.repository !== expected.repository || state.registry !== expected.registry)
    throw unknown("its URL is another upload's");
  if (now.getTime() - state.startedAt > uploadLifetime) throw unknown('it was started more than six days ago');
  return state;
}

/** Whether the token is this registry's, of this upload, and opens it by itself. */
export function opensByItself(
  token: string | undefined,
  expected: RepositoryKey & { readonly id: string },
  signingKey: Uint8Array,
  now: Date,
): boolean {
  try {
    return now.getTime() < (openUpload(token, expected, signingKey, now).openUntil ?? 0);
  } catch (error) {
    // Then credentials are asked for, and whoever shows them is told what is wrong with the URL.
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
