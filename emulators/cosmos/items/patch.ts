import type { Json } from '../json.ts';
import { isJsonObject, parseJson } from '../json.ts';
import type { KeyScope } from '../partition-key.ts';
import { assertKeyMatches } from '../partition-key.ts';
import { isTrue } from '../query/evaluate.ts';
import { parseCondition } from '../query/parse-query.ts';
import { badRequest, preconditionFailed } from '../refusal.ts';
import type { Conditions } from './conditions.ts';
import { assertMatches } from './conditions.ts';
import { parseDocument } from './document.ts';
import { applyOperations, parsePatch } from './patch-operations.ts';
import type { Outcome, WriteContext } from './write.ts';
import { existingItem, overwriteItem } from './write.ts';

/** Partial update: the etag, the condition and the operations are judged against one version, and one is written. */
export function patchItem(
  context: WriteContext,
  key: KeyScope,
  id: string,
  body: Json | undefined,
  conditions: Conditions,
): Outcome {
  const { operations, condition } = parsePatch(body);
  const previous = existingItem(context.container.items, key, id, context.now);
  assertMatches(conditions, previous.etag);
  const document = parseJson(previous.body);
  if (!isJsonObject(document)) throw badRequest('The item is not a JSON object.');
  if (condition !== undefined && !isTrue(parseCondition(condition), document)) throw preconditionFailed();
  applyOperations(document, operations);
  assertKeyMatches(key, context.container.keyPaths, document);
  return overwriteItem(context, key, parseDocument(document), previous);
}
