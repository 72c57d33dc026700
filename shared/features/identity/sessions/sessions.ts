import { randomBytes } from 'node:crypto';
import { Cached } from '../../../core/documents/cached.ts';
import { defined } from '../../../core/documents/defined.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { Origin } from '../../../core/http/origin.ts';
import { noteCookie } from '../../../core/http/private-answers.ts';
import { issuerDocumentSchema, namedRef } from '../documents.ts';
import type { Identity, Proof } from '../identity.ts';
import { actorOf } from '../identity.ts';
import type { IdentityPorts, IdentitySettings } from '../ports.ts';
import { grantsOf } from '../resolve.ts';
import { clearCookie, cookieNames, cookieOf, setCookie } from './cookies.ts';
import { EndedSessions, seenElsewhereMs } from './ended.ts';
import { CookieKeys } from './keys.ts';
import type { Session } from './session.ts';
import { sessionSchema, sessionTimes } from './session.ts';

const maxSessions = 10_000;
const maxName = 100;
/** Sign-outs are remembered so many milliseconds longer than cookies are valid. */
const lateMs = 2 * 60_000;

/** The proof that a session is begun with. */
export interface Beginning {
  readonly identity: Identity;
  /** The end of the proof, in milliseconds since 1970; absent, it has none. */
  readonly until?: number | undefined;
  readonly client?: Session['client'];
  readonly name?: string | undefined;
}

/** A session that is valid, with the rights that its identity has now. */
export interface Proven {
  readonly session: Session;
  readonly proof: Proof;
}

/** The sessions of one registry's portal. Nothing of a session is stored but that it was ended. */
export class Sessions {
  readonly #ports: IdentityPorts;
  readonly #settings: IdentitySettings;
  readonly #ended: EndedSessions;
  /** The rights of sessions as they were a moment ago; the pages of the portal send their requests together. */
  readonly #proofs: Cached<Proof>;
  readonly keys: CookieKeys;

  constructor(ports: IdentityPorts, settings: IdentitySettings) {
    this.#ports = ports;
    this.#settings = settings;
    this.#ended = new EndedSessions(ports, settings.registry);
    this.#proofs = new Cached({ clock: ports.clock, freshMs: seenElsewhereMs, max: maxSessions });
    this.keys = new CookieKeys(ports.sealing, ports.clock);
  }

  /** Binds a cookie to its purpose, its registry and its host: that of another opens nothing here. */
  placeOf(purpose: 'sessions' | 'sign-in', { host }: Origin) {
    return { purpose, context: `portal of ${this.#settings.registry} at ${host}` };
  }

  /**
   * Begins a session, always with a new id, and ends the one that the browser had. Returns the session, and its cookie.
   * Throws `StoreFailure`.
   */
  async begin(request: Request, origin: Origin, { until, name, ...beginning }: Beginning) {
    await this.end(request, origin);
    const now = this.#ports.clock.now().getTime();
    const last = Math.min(now + sessionTimes.longest, until ?? Infinity);
    const session: Session = {
      v: 1,
      id: randomBytes(16).toString('base64url'),
      ...beginning,
      ...defined({ name: name?.slice(0, maxName) }),
      beganAt: now,
      idleUntil: Math.min(now + sessionTimes.idle, last),
      until: last,
    };
    return { session, cookie: await this.#cookieFor(session, origin) };
  }

  /** Ends the session whose cookie a request has, also every copy of that; one that has none is fine. */
  async end(request: Request, origin: Origin): Promise<void> {
    const session = await this.#opened(request, origin);
    if (session === undefined) return;
    // Another instance may renew a copy of the cookie before it knows, and clocks differ: the entry outlives that.
    const until = Math.min(session.until, this.#ports.clock.now().getTime() + sessionTimes.idle + lateMs);
    await this.#ended.end({ ...session, of: nameOf(session.identity) }, until);
    this.#proofs.forget(session.id);
  }

  /** Says whether a request has a cookie for a session, a valid one or not. */
  isShown(request: Request, origin: Origin): boolean {
    return cookieOf(request, cookieNames(origin).session) !== undefined;
  }

  /**
   * Proves the session of a request; `undefined` when it is over, was ended, or its identity no longer holds. Notes a
   * new cookie for the answer: one that lives on, or one that takes the useless one away. Throws `StoreFailure`.
   */
  async prove(request: Request, origin: Origin): Promise<Proven | undefined> {
    const opened = await this.#opened(request, origin);
    const proof = opened === undefined ? undefined : await this.#proofs.get(opened.id, () => this.#proofOf(opened));
    const { session: name, isSecure } = cookieNames(origin);
    if (opened === undefined || proof === undefined) {
      noteCookie(request, clearCookie(name, isSecure));
      return undefined;
    }
    const session = await this.#renewed(request, origin, opened);
    return { session, proof: { ...proof, until: session.until } };
  }

  /** Forgets what is known of rights, because this instance has just changed something. */
  forget(): void {
    this.#proofs.forget();
  }

  async #opened(request: Request, origin: Origin): Promise<Session | undefined> {
    const value = cookieOf(request, cookieNames(origin).session);
    if (value === undefined) return undefined;
    const parsed = sessionSchema.safeParse(await this.keys.open(value, this.placeOf('sessions', origin)));
    const now = this.#ports.clock.now().getTime();
    return parsed.success && now < parsed.data.idleUntil && now < parsed.data.until ? parsed.data : undefined;
  }

  /** Asks the documents as they are: the session ends with the password or the trust that it was begun with. */
  async #proofOf({ id, identity, client, beganAt }: Session): Promise<Proof | undefined> {
    const [hasEnded, hasClient, grants] = await Promise.all([
      this.#ended.has({ id, of: nameOf(identity), beganAt }),
      client === undefined ? true : this.#hasClient(client),
      grantsOf(this.#ports, this.#settings, identity, new Date(beganAt)),
    ]);
    return hasEnded || !hasClient || grants === undefined ? undefined : { identity, grants };
  }

  async #hasClient({ issuer, clientId }: NonNullable<Session['client']>): Promise<boolean> {
    const ref = namedRef(this.#settings.registry, 'trusted-issuer', issuer);
    return (await readStored(this.#ports.documents, issuerDocumentSchema, ref))?.document.signIn?.clientId === clientId;
  }

  async #renewed(request: Request, origin: Origin, session: Session): Promise<Session> {
    const now = this.#ports.clock.now().getTime();
    const idleUntil = Math.min(now + sessionTimes.idle, session.until);
    if (idleUntil - session.idleUntil < sessionTimes.renewAfter) return session;
    const renewed = { ...session, idleUntil };
    noteCookie(request, await this.#cookieFor(renewed, origin));
    return renewed;
  }

  async #cookieFor(session: Session, origin: Origin): Promise<string> {
    const { session: name, isSecure } = cookieNames(origin);
    const seconds = (session.idleUntil - this.#ports.clock.now().getTime()) / 1000;
    return setCookie(name, await this.keys.seal(session, this.placeOf('sessions', origin)), seconds, isSecure);
  }
}

function nameOf(identity: Identity): string {
  return `${identity.is} ${actorOf(identity)}`;
}
