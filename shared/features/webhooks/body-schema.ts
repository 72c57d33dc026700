import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import { acrShapes } from './body.ts';
import type { WebhookFormat } from './documents.ts';

/** A type of event with the schema of its data, as the catalogue has it. */
export interface TypeOfEvent {
  readonly type: string;
  readonly data: z.ZodObject;
}

/** Makes the schema of the body that receivers get of a type of event (`renderBody`), for its description. */
export function bodySchema(format: WebhookFormat, { type, data }: TypeOfEvent): z.ZodObject {
  switch (format) {
    case 'acr':
      return acrSchema({ type, data });
    case 'standard':
      return z.strictObject({ type: z.literal(type), timestamp: z.iso.datetime({ offset: true }), data });
    case 'cloudevents':
      return z.strictObject({
        specversion: z.literal('1.0'),
        id: z.string(),
        source: z.string(),
        type: z.literal(type),
        subject: z.string(),
        time: z.iso.datetime({ offset: true }),
        datacontenttype: z.literal('application/json'),
        data,
      });
  }
}

/** Returns ACR's word for a type, or the type itself. */
export function actionOfType({ type, data }: TypeOfEvent): string {
  const { action } = data.shape as z.ZodRawShape;
  return action instanceof z.ZodLiteral ? String(action.value) : type;
}

function acrSchema({ type, data }: TypeOfEvent): z.ZodObject {
  const { actor: _actor, target, request, ...others } = data.shape as z.ZodRawShape;
  const { id, timestamp, action } = others;
  const acrs = acrShapes[actionOfType({ type, data })];
  if (acrs === undefined)
    return z.strictObject({
      action: z.literal(type),
      ...others,
      ...defined({ target, request }),
    });
  return z.strictObject({
    ...defined({ id, timestamp, action }),
    target: picked(target, acrs.target),
    ...defined({ request: acrs.request === undefined ? undefined : picked(request, acrs.request) }),
  });
}

function picked(schema: z.core.$ZodType | undefined, names: readonly string[]): z.ZodObject {
  const { shape } = schema as z.ZodObject<z.ZodRawShape>;
  return z.strictObject(Object.fromEntries(Object.entries(shape).filter(([name]) => names.includes(name))));
}
