import { createHash } from 'node:crypto';
import { z } from 'zod';
import { badRequest, notImplemented } from '../refusal.ts';
import type { Position } from './scan.ts';

/** Node's HTTP client accepts 16 KiB of headers in all. */
const MAX_TOKEN = 8192;

/** The progress of a query: where its last page ended, and what OFFSET and LIMIT have used up. */
export interface Progress {
  readonly position: Position | undefined;
  readonly skipped: number;
  readonly taken: number;
}

export const BEGINNING: Progress = { position: undefined, skipped: 0, taken: 0 };

const token = z.object({
  of: z.string(),
  values: z.array(z.union([z.string(), z.number()])),
  seq: z.number(),
  skipped: z.number(),
  taken: z.number(),
});

/** Names a query, so that a token cannot continue another one: the keys in it would mean something else there. */
export const fingerprint = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 12);

export function writeContinuation(of: string, { position, skipped, taken }: Progress): string {
  const text = JSON.stringify({ of, values: position?.values ?? [], seq: position?.seq ?? 0, skipped, taken });
  const written = Buffer.from(text).toString('base64url');
  if (written.length > MAX_TOKEN) throw notImplemented('pages that end at an ORDER BY value of several kilobytes');
  return written;
}

export function readContinuation(of: string, text: string): Progress {
  const parsed = token.safeParse(decode(text));
  if (!parsed.success) throw badRequest('The continuation token is malformed.');
  if (parsed.data.of !== of) throw badRequest('The continuation token belongs to another query.');
  const { values, seq, skipped, taken } = parsed.data;
  return { position: { values, seq }, skipped, taken };
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown;
  } catch {
    return undefined;
  }
}
