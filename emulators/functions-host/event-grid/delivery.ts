import { z } from 'zod';

const event = z.looseObject({});
// A delivery is an array in the Event Grid schema, one object or a batch in the CloudEvents schema.
const delivery = z.union([z.array(event), event.transform((one) => [one])]);

const validation = z.object({ validationCode: z.string() });
// In the CloudEvents form of a validation event `data` is JSON inside JSON.
const validationEvent = z.union([
  z.tuple([z.looseObject({ data: validation })], z.unknown()).transform(([first]) => first.data.validationCode),
  z.looseObject({ data: z.string() }).transform(({ data }) => validation.parse(JSON.parse(data)).validationCode),
  z.looseObject({ data: validation }).transform(({ data }) => data.validationCode),
]);

/** Both throw when the body is not what Event Grid sends; the real host answers 500 to such a delivery as well. */
export function readEvents(body: Buffer): object[] {
  return delivery.parse(JSON.parse(body.toString('utf8')));
}

export function validationCode(body: Buffer): string {
  return validationEvent.parse(JSON.parse(body.toString('utf8')));
}
