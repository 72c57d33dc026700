import { z } from 'zod';

// CloudEvents 1.0.2, "Required Attributes" to "Extension Context Attributes", and its JSON format.
const text = z.string().min(1);
const uriReference = text.refine((value) => URL.canParse(value, 'http://base.invalid'), 'must be a URI reference');
const absoluteUri = text.refine((value) => URL.canParse(value), 'must be an absolute URI');
const mediaType = text.regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;.*)?$/, 'must be a media type');
const ATTRIBUTE_NAME = /^[a-z0-9]+$/;

const attributes = z
  .object({
    specversion: z.literal('1.0'),
    id: text,
    source: uriReference,
    type: text,
    subject: text.optional(),
    time: z.iso.datetime({ offset: true, error: 'must be an RFC 3339 time' }).optional(),
    dataschema: absoluteUri.optional(),
    datacontenttype: mediaType.optional(),
    data: z.unknown().optional(),
    data_base64: z.base64('must be base64').optional(),
  })
  // An extension's JSON value: a string stands for times, URIs and bytes too; integers are signed 32-bit.
  .catchall(z.union([z.string(), z.boolean(), z.int32()], 'must be a string, a boolean or a 32-bit integer'));

/** A CloudEvent 1.0 in the shape of its JSON format; attributes beside the listed ones are extensions. */
export const cloudEventSchema = z.preprocess(withoutNullAttributes, attributes.superRefine(checkWhole));
export type CloudEvent = z.infer<typeof cloudEventSchema>;

function checkWhole(event: z.infer<typeof attributes>, context: z.RefinementCtx): void {
  for (const name of Object.keys(event)) {
    if (ATTRIBUTE_NAME.test(name) || name === 'data_base64') continue;
    context.addIssue({ code: 'custom', path: [name], message: 'attribute names are lower-case letters and digits' });
  }
  if (event.data !== undefined && event.data_base64 !== undefined) {
    context.addIssue({ code: 'custom', path: ['data_base64'], message: 'excludes data' });
  }
}

/** JSON format 2.2: an attribute that is null counts as absent. `data` is no attribute: its null is a value. */
function withoutNullAttributes(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([name, value]) => value !== null || name === 'data'));
}
