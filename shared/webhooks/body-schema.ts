import { z } from 'zod';
import { catalogue } from '../events/catalogue.ts';
import type { EventType } from '../events/catalogue.ts';
import { acrShapes } from './body.ts';
import type { WebhookFormat } from './documents.ts';

/** What receivers get of a type of event (`renderBody`), for its description: made of the catalogue's own schema. */
export function bodySchema(format: WebhookFormat, type: EventType): z.ZodObject {
  const data: z.ZodObject = catalogue[type].data;
  switch (format) {
    case 'acr':
      return acrSchema(type, data);
    case 'standard':
      return z.strictObject({ type: z.literal(type), timestamp: z.iso.datetime({ offset: true }), data });
    case 'cloudevents':
      return z.strictObject({ specversion: z.literal('1.0'), id: z.string(), source: z.string(), type: z.literal(type), subject: z.string(), time: z.iso.datetime({ offset: true }), datacontenttype: z.literal('application/json'), data });
  }
}

/** ACR's word for a type, or the type itself. */
export function actionOfType(type: EventType): string {
  const { action } = catalogue[type].data.shape as z.ZodRawShape;
  return action instanceof z.ZodLiteral ? String(action.value) : type;
}

function acrSchema(type: EventType, { shape }: z.ZodObject): z.ZodObject {
  const { actor: _actor, target, request, ...others } = shape as z.ZodRawShape;
  const acrs = acrShapes[actionOfType(type)];
  if (acrs === undefined) return z.strictObject({ action: z.literal(type), ...others, ...(target === undefined ? {} : { target }), ...(request === undefined ? {} : { request }) });
  return z.strictObject({ ...others, target: picked(target, acrs.target), ...(acrs.request === undefined ? {} : { request: picked(request, acrs.request) }) });
}

function picked(schema: z.core.$ZodType | undefined, names: readonly string[]): z.ZodObject {
  const { shape } = schema as z.ZodObject<z.ZodRawShape>;
  return z.strictObject(Object.fromEntries(Object.entries(shape).filter(([name]) => names.includes(name))));
}
