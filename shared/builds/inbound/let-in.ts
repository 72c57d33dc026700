import { readSmallBody } from '../../http/request.ts';
import { targetOf } from '../../http/target.ts';
import type { BuildPorts } from '../ports.ts';
import { claims, proves } from './proof.ts';
import { readInboundSecret } from './secrets.ts';

/** What a host of registries or repositories posts is smaller. In bytes. */
export const maxNotificationBytes = 1024 * 1024;

/** What may be told without credentials of the management API, by whoever knows its secret: nothing else is let in. */
const doors: readonly (readonly [RegExp, (name: string) => string])[] = [
  [/^\/api\/v1\/bases\/notify\/([a-z-]{1,50})$/, (source) => `bases:${source}`],
  [/^\/api\/v1\/tasks\/([a-z0-9-]{1,50})\/hook$/, (task) => `task:${task}`],
];

/** A request at one of the doors: whether it has proved itself, and what goes on in its place, as its body was read. */
export interface LetIn {
  readonly isProven: boolean;
  readonly request: Request;
}

/**
 * `undefined` for whatever is at no door, or claims nothing: it is asked for credentials like everything else, and so is what proves nothing, whether a
 * secret is there or not. Throws `RegistryError` (`too-large`), `StoreFailure`.
 */
export async function letIn(ports: BuildPorts, request: Request): Promise<LetIn | undefined> {
  if (request.method !== 'POST') return undefined;
  const { path, query } = targetOf(request.url);
  const of = doors.flatMap(([pattern, name]) => pattern.exec(path)?.slice(1, 2).map(name) ?? [])[0];
  if (of === undefined || !claims({ headers: request.headers, query })) return undefined;
  const body = await readSmallBody(request, 'notification', maxNotificationBytes);
  const secret = await readInboundSecret(ports, of);
  const isProven = secret !== undefined && proves(secret, { headers: request.headers, query, body }, ports.clock.now());
  return { isProven, request: new Request(request.url, { method: 'POST', headers: request.headers, body: body as Uint8Array<ArrayBuffer> }) };
}
