import { ApiFailure, ask } from './api.ts';
import { encoded } from './links.ts';

/**
 * Sends content to an address of the API. The generated types ask for every property that has a default, so content that
 * leaves some to the registry goes this way.
 */
export function send(method: 'PUT' | 'POST' | 'PATCH', path: readonly string[], content: object): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json' };
  return ask(addressOf(path), { method, headers, body: JSON.stringify(content) });
}

/**
 * Refuses to add what is there: PUT would replace it, with all that it says. `what` names its kind. Two people who add
 * the same at the same moment are not told.
 */
export async function refuseIfThere(path: readonly string[], what: string): Promise<void> {
  try {
    await ask(addressOf(path));
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return;
    throw error;
  }
  throw new ApiFailure(`There is ${what} of this name already: choose another name, or change that one.`, 409);
}

/**
 * Refuses to replace what somebody else has changed since `before` was read: PUT would undo that. Two people who save at
 * the same moment are not told. With `parts` the rest of it may have changed.
 */
export async function refuseIfChanged(
  path: readonly string[],
  before: object,
  next = 'Open it again, and change that.',
  parts?: readonly string[],
): Promise<void> {
  const now = await ask(addressOf(path));
  const looked = (of: unknown) =>
    parts === undefined ? of : Object.fromEntries(Object.entries(of ?? {}).filter(([key]) => parts.includes(key)));
  if (isEqual(looked(now), looked(before))) return;
  throw new ApiFailure(`Somebody else has changed this since you have opened it. ${next}`, 409);
}

function isEqual(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other;
  const [first, second] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  return first.size === second.size && [...first].every(([key, value]) => isEqual(value, second.get(key)));
}

function addressOf(path: readonly string[]): string {
  return `/api/v1/${path.map(encoded).join('/')}`;
}
