import { readStored } from '../../../core/documents/stored.ts';
import { maxStrangersBody } from '../../../core/http/held-bodies.ts';
import { contentLength, readSmallBody, rememberBytes } from '../../../core/http/request.ts';
import { targetOf } from '../../../core/http/target.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { LimitStrangers } from '../../../core/ports/strangers.ts';
import { taggedOf } from '../edges/cycles.ts';
import { baseReference } from '../edges/names.ts';
import type { Node } from '../plan/documents.ts';
import { nodeRef, nodeSchema } from '../plan/documents.ts';
import type { BuildPorts } from '../ports.ts';
import type { Proof } from './known-doors.ts';
import { KnownDoors } from './known-doors.ts';
import type { Received, Way } from './proof.ts';
import { claims, isSignedForPath, proves, tells } from './proof.ts';
import { readInboundSecret } from './secrets.ts';
import { readTaskSecret } from './task-secrets.ts';

/** What a host of registries or repositories posts is smaller. In bytes. */
export const maxNotificationBytes = 1024 * 1024;

/** How whoever stands there may prove himself; `undefined` where nothing could. */
type Door = (ports: BuildPorts, name: string, query: URLSearchParams) => Promise<Proof | undefined>;

const bySecret =
  (of: string, ways: (name: string) => readonly Way[]): Door =>
  async (ports, name) => {
    const secret = await readInboundSecret(ports, `${of}:${name}`);
    return secret === undefined ? undefined : (received) => proves(secret, received, ports.clock.now(), ways(name));
  };

async function nodeAt(ports: BuildPorts, build: string, query: URLSearchParams): Promise<Node | undefined> {
  const image = taggedOf(
    ports,
    baseReference(`longshore.invalid/${query.get('image') ?? ''}`, ports.registry, ['longshore.invalid']) ?? {
      base: '',
    },
  );
  return image === undefined
    ? undefined
    : (await readStored(ports.documents, nodeSchema, nodeRef(build, image)))?.document;
}

/** A runner elsewhere, of one image of one build. */
const byToken: Door = async (ports, build, query) => {
  const hash = (await nodeAt(ports, build, query))?.remote?.token;
  return hash === undefined ? undefined : (received) => tells(hash, received);
};

/**
 * A runner elsewhere that was told of its job in public: it signs with the task's secret for that, for this time and
 * this path.
 */
const byClaim: Door = async (ports, build, query) => {
  const task = (await nodeAt(ports, build, query))?.madeBy;
  const secret = task === undefined ? undefined : await readTaskSecret(ports, task, 'claim');
  return secret === undefined ? undefined : (received) => isSignedForPath(secret, received, ports.clock.now());
};

/**
 * What hosts of repositories and registries can do. Signatures of the body alone have no time: whoever has seen one can
 * send it again. So they are taken only where that does nothing: a push that was told of before is the same event, and
 * a look at a tag is one look more.
 */
const waysOfHosts: readonly Way[] = ['told', 'gitlab', 'github', 'gitea', 'standard'];
const waysOfRegistries = (source: string): readonly Way[] =>
  source === 'ghcr' ? ['told', 'standard', 'github'] : ['told', 'standard'];

/**
 * What may be told without credentials of the management API, by whoever knows its secret: nothing else is let in. A
 * secret that somebody made lasts, so it is known for a moment; a job's token may be another one the next time.
 */
const doors: readonly (readonly [RegExp, Door, 'lasts'?])[] = [
  [/^\/api\/v1\/bases\/notify\/([a-z-]{1,50})$/, bySecret('bases', waysOfRegistries), 'lasts'],
  [/^\/api\/v1\/tasks\/([a-zA-Z0-9_-]{1,50})\/hook$/, bySecret('task', () => waysOfHosts), 'lasts'],
  [/^\/api\/v1\/builds\/([0-9a-f-]{36})\/callback$/, byToken],
  [/^\/api\/v1\/builds\/([0-9a-f-]{36})\/job$/, byClaim],
];

/**
 * A request at one of the doors: whether it has proved itself, and what goes on in its place: its body may have been
 * read, and is there again.
 */
interface LetIn {
  readonly isProven: boolean;
  readonly request: Request;
}

interface Guards {
  readonly strangers: LimitStrangers;
  readonly known: KnownDoors;
}

/**
 * `undefined` for whatever is at no door, or claims nothing: it is asked for credentials like everything else, and so
 * is what proves nothing, whether a secret is there or not. A body is read only where the door is one that somebody
 * could open, and who has not opened it by telling its secret sends little. Throws `RegistryError` (`too-large`,
 * `too-many-requests`), `StoreFailure`.
 */
async function letIn(ports: BuildPorts, guards: Guards, request: Request): Promise<LetIn | undefined> {
  if (request.method !== 'POST') return undefined;
  const { strangers } = guards;
  const { path, query } = targetOf(request.url);
  const found = doors.flatMap(([pattern, door, lasts]) =>
    (pattern.exec(path)?.slice(1, 2) ?? []).map((name) => ({ door, name, lasts })),
  )[0];
  if (found === undefined || !claims({ headers: request.headers, query })) return undefined;
  const opened = `${path}?${query.get('image') ?? ''}`;
  strangers.requireTurn(request, opened);
  if ((contentLength(request) ?? 0) > maxNotificationBytes)
    throw new RegistryError({ is: 'too-large', what: 'notification', limit: maxNotificationBytes });
  const proof = await proofAt(
    guards,
    request,
    opened,
    () => found.door(ports, found.name, query),
    found.lasts === 'lasts',
  );
  const isProven = proof !== undefined && (await isProvenBy(proof, request, { path, query }));
  if (isProven) strangers.succeeded(request, opened);
  else strangers.failed(request, opened);
  return { isProven, request };
}

/** A store is asked only where nothing is known of the door, and where strangers have not asked too much. */
async function proofAt(
  { strangers, known }: Guards,
  request: Request,
  door: string,
  look: () => Promise<Proof | undefined>,
  lasts: boolean,
): Promise<Proof | undefined> {
  const before = known.find(door);
  if (before !== undefined) return before === 'absent' ? undefined : before;
  strangers.takeLook(request);
  const proof = await look();
  if (proof === undefined || lasts) known.add(door, proof);
  return proof;
}

/**
 * Reads a body only where a signature of it may open the door: what is told needs none. Throws `RegistryError`
 * (`too-large`).
 */
async function isProvenBy(proof: Proof, request: Request, target: Pick<Received, 'path' | 'query'>): Promise<boolean> {
  if (proof({ headers: toldIn(request.headers), ...target, body: nothing })) return true;
  if (!isSigned(request.headers)) return false;
  const body = await readSmallBody(request, 'signed notification', maxStrangersBody);
  rememberBytes(request, body);
  return proof({ headers: request.headers, ...target, body });
}

const nothing = new Uint8Array();

/** What tells the secret itself. No signature is among it: one of an empty body must not open for another body. */
function toldIn(headers: Headers): Headers {
  return new Headers(
    ['x-longshore-token', 'x-gitlab-token'].flatMap((name) =>
      [headers.get(name)].flatMap((value) => (value === null ? [] : [[name, value] satisfies [string, string]])),
    ),
  );
}

function isSigned(headers: Headers): boolean {
  return ['x-hub-signature-256', 'x-gitea-signature', 'webhook-signature'].some((name) => headers.has(name));
}

export interface Doors {
  readonly letIn: (request: Request) => Promise<LetIn | undefined>;
  /** Before somebody who may changes something: not before, or strangers would have doors looked up again and again. */
  readonly forget: () => void;
}

/** The doors as one instance knows them. */
export function doorsOf(ports: BuildPorts, strangers: LimitStrangers): Doors {
  const known = new KnownDoors(ports.clock);
  return { letIn: (request) => letIn(ports, { strangers, known }, request), forget: () => known.forget() };
}
