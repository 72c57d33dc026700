import type { z } from 'zod';
import type { VersionedDocument } from '../ports/documents.ts';
import type { Log } from '../ports/log.ts';
import type { Stored } from './stored.ts';
import { parseStored } from './stored.ts';

/**
 * Runs all parts of a timer's run side by side: one that fails is logged and stops no other, however slow it is. Throws
 * the first failure when all have ended, so that the run counts as failed.
 */
export async function eachAlone(
  log: Log,
  run: string,
  parts: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<void> {
  const names = Object.keys(parts);
  // The async wrapper also catches a part that throws before it awaits anything.
  const outcomes = await Promise.allSettled(Object.values(parts).map(async (part) => part()));
  const failed = outcomes.flatMap((outcome, at) =>
    outcome.status === 'rejected' ? [{ part: names[at] ?? '', err: outcome.reason as unknown }] : [],
  );
  for (const { part, err } of failed)
    log.error({ err, run, part }, "a part of a timer's run failed; the others went on");
  const [first] = failed;
  if (first !== undefined) throw asError(first.err);
}

/** Runs the parts one after the other, where a part depends on those before it; otherwise as `eachAlone` does. */
export async function inTurn(
  log: Log,
  run: string,
  parts: readonly (readonly [name: string, work: () => Promise<unknown>])[],
): Promise<void> {
  const failures: unknown[] = [];
  for (const [part, work] of parts) {
    try {
      await work();
    } catch (err) {
      failures.push(err);
      log.error({ err, run, part }, "a part of a timer's run failed; the others went on");
    }
  }
  if (failures.length > 0) throw asError(failures[0]);
}

function asError(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error(String(failure));
}

/**
 * Parses the documents of a query that can be parsed. One that cannot is logged, and does not keep the others from
 * those who need them.
 */
export function readable<T>(
  log: Log,
  schema: z.ZodType<T>,
  found: readonly VersionedDocument[],
  where: { container: string; partition?: readonly string[] },
): Stored<T>[] {
  return found.flatMap((each) => {
    try {
      return [parseStored(schema, each, where)];
    } catch (error) {
      log.error({ err: error, id: each.document.id }, 'a stored document cannot be read, and is left out');
      return [];
    }
  });
}

/**
 * Does `work` for one thing after the other. One that fails is logged and stops no other. Returns for how many it
 * failed.
 */
export async function oneByOne<T>(
  log: Log,
  what: string,
  things: Iterable<T>,
  idOf: (thing: T) => string,
  work: (thing: T) => Promise<unknown>,
): Promise<number> {
  let failed = 0;
  for (const thing of things) {
    try {
      await work(thing);
    } catch (error) {
      failed += 1;
      log.error({ err: error, id: idOf(thing) }, `${what} failed for one, and continues with the next`);
    }
  }
  return failed;
}
