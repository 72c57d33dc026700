import { z } from 'zod';
import type { Attributes } from '../../core/documents/attributes.ts';
import { attributesSchema } from '../../core/documents/attributes.ts';
import { patching, written } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { defined } from '../../core/documents/defined.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import { readSmallBody } from '../../core/http/request.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import { jsonIn, maxJsonDepth } from '../../core/oci/json.ts';
import type { CommitDocuments, DocumentRef, ReadDocument } from '../../core/ports/documents.ts';

/** The most bytes of a request's body. */
const maxBody = 64 * 1024;

/** Clients also send properties of later API versions; unknown ones are ignored. */
const patchSchema = attributesSchema.partial();
export type AttributePatch = z.infer<typeof patchSchema>;

const quarantineSchema = z.object({
  quarantineState: z.enum(['Passed', 'Failed', 'Quarantined']).optional(),
  quarantineDetails: z.string().max(16_384).optional(),
});
export type QuarantinePatch = z.infer<typeof quarantineSchema>;

/** Parses the attributes in a request. Throws `RegistryError`: `request-invalid`, `too-large`. */
export async function attributePatchIn(request: Request): Promise<AttributePatch> {
  return check(patchSchema, await bodyOf(request));
}

/** Parses the attributes of a manifest and the report of a scanner. Throws as `attributePatchIn` does. */
export async function manifestPatchIn(
  request: Request,
): Promise<{ attributes: AttributePatch; quarantine: QuarantinePatch }> {
  const body = await bodyOf(request);
  return { attributes: check(patchSchema, body), quarantine: check(quarantineSchema, body) };
}

async function bodyOf(request: Request): Promise<unknown> {
  const bytes = await readSmallBody(request, 'list of attributes', maxBody);
  const json = jsonIn(bytes);
  if (json === undefined)
    throw new RegistryError({
      is: 'request-invalid',
      why: `the body is not JSON, or is nested more than ${maxJsonDepth} levels deep`,
    });
  return json;
}

function check<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new RegistryError({
    is: 'request-invalid',
    why: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; '),
  });
}

interface Patched<T> {
  readonly ref: DocumentRef;
  readonly schema: z.ZodType<T>;
  readonly absent: RegistryError;
  /** Returns the changed properties; an empty object if nothing changes. */
  readonly change: (document: T) => Partial<T>;
}

/**
 * Changes some properties of a document and returns the document as it is then. The write is conditional on its etag,
 * as a push is, so neither overwrites the other. Throws `absent` if there is none, and `RegistryError` (`contended`).
 */
export async function patchStored<T extends { readonly id: string }>(
  documents: ReadDocument & CommitDocuments,
  { ref, schema, absent, change }: Patched<T>,
): Promise<Stored<T>> {
  return untilUncontended(ref.id, async () => {
    const before = await readStored(documents, schema, ref);
    if (before === undefined) throw absent;
    const set = change(before.document);
    if (Object.keys(set).length === 0) return before;
    const outcome = await documents.commitDocuments(ref.container, ref.partition, [patching(before, set)]);
    return written(outcome, { ...before.document, ...set });
  });
}

/** Returns the `attributes` property after a patch; nothing if the patch names none. */
export function patchedAttributes(before: Attributes, patch: AttributePatch): { attributes?: Attributes } {
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  return defined({ attributes: Object.keys(given).length === 0 ? undefined : { ...before, ...given } });
}
