import { z } from 'zod';
import { registrySchema, repositorySchema, tagSchema } from '../../core/documents/names.ts';
import { digestSchema } from '../../core/oci/descriptor.ts';
import { clientClasses } from './client-class.ts';
import { countsSchema } from './counts.ts';

/** The queue of batches of counts. */
export const pullsQueue = 'usage-pulls';

const rowSchema = z.object({
  client: z.enum(clientClasses),
  /** The digest; absent for blobs, whose manifest is not known. */
  digest: digestSchema.optional(),
  tag: tagSchema.optional(),
  ...countsSchema.shape,
  /** The time of the last of them. */
  lastAt: z.iso.datetime(),
});
export type CountedRow = z.infer<typeof rowSchema>;

/**
 * The rows of a part, which is folded in one transaction of 100 changes: a row changes up to two documents, and five
 * more are changed once.
 */
const rowsInPart = 30;

/** The counts of one repository in one minute, or a part of them. */
const partSchema = z.object({
  registry: registrySchema,
  repository: repositorySchema,
  minute: z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/),
  rows: z.array(rowSchema).min(1).max(rowsInPart),
});
export type CountedPart = z.infer<typeof partSchema>;

/** A message. However often it is delivered, and however late, it counts once: by its id. */
export const batchSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string().regex(/^[\w-]+:\d+$/),
  region: z.string(),
  /**
   * True when pulls before it were counted and lost, because no batch could be sent for long: tracking begins again
   * then.
   */
  gap: z.boolean(),
  parts: z.array(partSchema).min(1),
});
export type PullBatch = z.infer<typeof batchSchema>;

/** The bytes of JSON in one message: below the limit of a Storage Queue, with room for the envelope. */
const maxPartsBytes = 44 * 1024;

export function minuteOf(at: Date): string {
  return at.toISOString().slice(0, 16);
}

/** Groups rows by repository and minute, in parts that one transaction holds. */
export function partsOf(
  counted: Iterable<{ readonly part: Omit<CountedPart, 'rows'>; readonly row: CountedRow }>,
): CountedPart[] {
  const groups = new Map<string, CountedPart[]>();
  for (const { part, row } of counted) {
    const place = `${part.registry}/${part.repository} ${part.minute}`;
    const parts = groups.get(place) ?? [];
    groups.set(place, parts);
    const last = parts.at(-1);
    if (last !== undefined && last.rows.length < rowsInPart) last.rows.push(row);
    else parts.push({ ...part, rows: [row] });
  }
  return [...groups.values()].flat();
}

/** Packs parts into messages that a queue accepts. */
export function packed(parts: readonly CountedPart[]): CountedPart[][] {
  const messages: CountedPart[][] = [];
  let room = 0;
  for (const part of parts) {
    const bytes = JSON.stringify(part).length + 1;
    const last = messages.at(-1);
    if (last !== undefined && bytes <= room) last.push(part);
    else {
      messages.push([part]);
      room = maxPartsBytes;
    }
    room -= bytes;
  }
  return messages;
}
