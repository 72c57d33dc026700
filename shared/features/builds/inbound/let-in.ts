import { maxStrangersBody } from '../../../core/http/held-bodies.ts';
import { contentLength, readSmallBody, rememberBytes } from '../../../core/http/request.ts';
import { targetOf } from '../../../core/http/target.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { LimitStrangers } from '../../../core/ports/strangers.ts';
import { taggedOf } from '../bases/cycles.ts';
import { baseReference } from '../bases/names.ts';
import type { Node } from '../plan/documents.ts';
import { readNode } from '../plan/nodes.ts';
import type { BuildPorts } from '../ports.ts';
import type { Proof } from './known-doors.ts';
import { KnownDoors } from './known-doors.ts';
import type { Received, Way } from './proof.ts';
import { claims, isSignedForPath, proves, tells } from './proof.ts';
import { readInboundSecret } from './secrets.ts';
import { readTaskSecret } from './task-secrets.ts';

/** The largest notification, in bytes. Hosts of registries and repositories post less. */
export const maxNotificationBytes = 1024 * 1024;

/** Reads the proof by which a sender may authenticate at a door; `undefined` if nothing could. */
type Door = (ports: BuildPorts, name: string, query: URLSearchParams) => Promise<Proof | undefined>;

const secretDoor =
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
  return image === undefined ? undefined : (await readNode(ports, build, image))?.document;
}

/** The door of a runner, for one image of one build. */
const tokenDoor: Door = async (ports, build, query) => {
  const hash = (await nodeAt(ports, build, query))?.remote?.token;
  return hash === undefined ? undefined : (received) => tells(hash, received);
};

/**
 * The door of a runner that learned of its job in public: it signs with the task's secret for claims, for
 * this time and this path.
 */
const claimDoor: Door = async (ports, build, query) => {
  const task = (await nodeAt(ports, build, query))?.madeBy;
  const secret = task === undefined ? undefined : await readTaskSecret(ports, task, 'claim');
  return secret === undefined ? undefined : (received) => isSignedForPath(secret, received, ports.clock.now());
};

/**
 * The ways that hosts of repositories and registries can use. Signatures of the body alone have no time: anybody who
 * has seen one can send it again. They are accepted only where a repetition does no harm: a push that was notified
 * before is the same event, and a tag is merely checked once more.
 */
const waysOfHosts: readonly Way[] = ['token', 'gitlab', 'github', 'gitea', 'standard'];
const waysOfRegistries = (source: string): readonly Way[] =>
  source === 'ghcr' ? ['token', 'standard', 'github'] : ['token', 'standard'];

/**
 * The notifications that are accepted without credentials of the management API, from a sender that knows their secret:
 * nothing else is let in. A secret that somebody created lasts, so it is cached for a moment; a job's token may be
 * another one the next time.
 */
const doors: readonly (readonly [RegExp, Door, 'lasts'?])[] = [
  [/^\/api\/v1\/bases\/notify\/([a-z-]{1,50})$/, secretDoor('bases', waysOfRegistries), 'lasts'],
  [/^\/api\/v1\/tasks\/([a-zA-Z0-9_-]{1,50})\/hook$/, secretDoor('task', () => waysOfHosts), 'lasts'],
  [/^\/api\/v1\/builds\/([0-9a-f-]{36})\/callback$/, tokenDoor],
  [/^\/api\/v1\/builds\/([0-9a-f-]{36})\/job$/, claimDoor],
];

/**
 * A request at one of the doors: it says whether the sender has proved itself, and has the request to go on with: its
 * body may have been read, and is then there again.
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
 * Checks a request at a door. Returns `undefined` for a request that is at no door, or claims nothing: it needs
 * credentials like every other, and so does one that proves nothing, whether a secret exists or not. A body is read
 * only at a door that somebody could open, and only a small one of a sender that has not opened it by its secret alone.
 * Throws `RegistryError` (`too-large`, `too-many-requests`), `StoreFailure`.
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

/**
 * Returns the proof of a door. A store is read only if nothing is known of the door, and if strangers have not caused
 * too many reads.
 */
async function proofAt(
  { strangers, known }: Guards,
  request: Request,
  door: string,
  readProof: () => Promise<Proof | undefined>,
  lasts: boolean,
): Promise<Proof | undefined> {
  const before = known.find(door);
  if (before !== undefined) return before === 'absent' ? undefined : before;
  strangers.takeLookup(request);
  const proof = await readProof();
  if (proof === undefined || lasts) known.add(door, proof);
  return proof;
}

/**
 * Checks a request against a proof. A body is read only if a signature of it may open the door: a secret that is sent
 * itself needs none. Throws `RegistryError` (`too-large`).
 */
async function isProvenBy(proof: Proof, request: Request, target: Pick<Received, 'path' | 'query'>): Promise<boolean> {
  if (proof({ headers: secretHeadersOf(request.headers), ...target, body: nothing })) return true;
  if (!isSigned(request.headers)) return false;
  const body = await readSmallBody(request, 'signed notification', maxStrangersBody);
  rememberBytes(request, body);
  return proof({ headers: request.headers, ...target, body });
}

const nothing = new Uint8Array();

/**
 * Returns the headers that contain the secret itself. Signatures are not among them: one of an empty body must not open
 * the door for another body.
 */
function secretHeadersOf(headers: Headers): Headers {
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
  /**
   * Forgets all doors, before a caller with credentials changes something. It must not be called before those are
   * checked, or strangers would have doors read again and again.
   */
  readonly forget: () => void;
}

/** Makes the doors as one instance knows them. */
export function doorsOf(ports: BuildPorts, strangers: LimitStrangers): Doors {
  const known = new KnownDoors(ports.clock);
  return { letIn: (request) => letIn(ports, { strangers, known }, request), forget: () => known.forget() };
}
