import type { Client } from 'openapi-fetch';
import type { paths } from '../../generated/api.d.ts';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';
import { connectionFailure, failureOf, unreadable } from './answers.ts';
import type { Credentials } from './credentials.ts';

export type Api = Client<paths, 'application/json'>;

/** The times that a request is sent again when the registry says when, and the longest that it may ask to wait. */
const tries = 5;
const longestWaitMs = 60_000;
/** The methods that only ask, or have the same effect when they are sent twice. */
const repeatable = ['GET', 'HEAD', 'PUT', 'DELETE'];

export interface RegistryOptions {
  readonly origin: string;
  readonly credentials: Credentials | undefined;
  readonly timeoutSeconds: number;
}

/** One registry, and no other host: every request of the command goes through `send`. */
export class Registry {
  readonly origin: string;
  readonly host: string;
  readonly #world: World;
  readonly #options: RegistryOptions;
  #api: Promise<Api> | undefined;

  constructor(world: World, options: RegistryOptions) {
    this.#world = world;
    this.#options = options;
    this.origin = options.origin;
    this.host = new URL(options.origin).host;
  }

  /** The client that is typed by the API's document; it throws a `Failure` for whatever is no success. */
  get api(): Promise<Api> {
    this.#api ??= import('openapi-fetch').then(({ default: createClient }) =>
      createClient<paths, 'application/json'>({
        baseUrl: `${this.origin}/api/v1`,
        fetch: (request) => this.#sendJson(request),
      }),
    );
    return this.#api;
  }

  /** Sends a request to a path, and returns the answer whatever its status is below 300. */
  async ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.send(new Request(this.#within(path), { method, headers }));
  }

  /** Changes something outside of the API of management; the body is JSON. */
  async patchJson(path: string, body: string): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const response = await this.send(new Request(this.#within(path), { method: 'PATCH', headers, body }));
    await response.body?.cancel();
  }

  /** Puts a document as it is, and returns the JSON of the answer. */
  async putText(path: string, body: string): Promise<unknown> {
    const headers = { 'content-type': 'application/octet-stream' };
    return (await this.#sendJson(new Request(this.#within(path), { method: 'PUT', headers, body }))).json();
  }

  async getJson(path: string): Promise<unknown> {
    const url = this.#within(path);
    const response = await this.#sendJson(new Request(url));
    return response.json();
  }

  /** Sends a request, again when the registry says when. Throws a `Failure` for whatever is no success. */
  async send(request: Request, isEndless = false): Promise<Response> {
    this.#within(request.url);
    for (let sent = 1; ; sent++) {
      const response = await this.#once(request.clone(), isEndless);
      if (response.ok) return response;
      const waitMs = this.#waitOf(response, request.method);
      if (waitMs === undefined || sent === tries)
        throw await failureOf(response, request, this.#options.credentials !== undefined);
      await response.body?.cancel();
      if (this.#world.err.isTerminal)
        await this.#world.err.write(`${this.host} asks to wait ${Math.ceil(waitMs / 1000)} s…\n`);
      await this.#world.pause(waitMs, this.#world.interrupted);
    }
  }

  /** Sends a request once, with credentials, and returns whatever is answered; for what examines a registry. */
  async probe(path: string, withCredentials: boolean): Promise<Response> {
    return this.#once(new Request(this.#within(path)), false, withCredentials);
  }

  async #once(request: Request, isEndless: boolean, withCredentials = true): Promise<Response> {
    const { credentials, timeoutSeconds } = this.#options;
    const authorization = withCredentials ? authorizationOf(credentials) : undefined;
    if (authorization !== undefined) request.headers.set('authorization', authorization);
    request.headers.set('user-agent', 'longshore-cli');
    const limits = isEndless ? [] : [AbortSignal.timeout(timeoutSeconds * 1000)];
    const signal = AbortSignal.any([this.#world.interrupted, request.signal, ...limits]);
    try {
      // A redirect is never followed: it would take the credentials, or the question, to another place.
      return await this.#world.fetch(new Request(request, { redirect: 'manual', signal }));
    } catch (error) {
      if (this.#world.interrupted.aborted) throw error;
      throw connectionFailure(error, request, timeoutSeconds);
    }
  }

  async #sendJson(request: Request): Promise<Response> {
    const response = await this.send(request);
    if (response.status === 204) return response;
    const text = await this.#textOf(response, request);
    try {
      JSON.parse(text);
    } catch {
      throw unreadable(request);
    }
    return new Response(text, { status: response.status, headers: response.headers });
  }

  async #textOf(response: Response, request: Request): Promise<string> {
    try {
      return await response.text();
    } catch (error) {
      throw connectionFailure(error, request, this.#options.timeoutSeconds);
    }
  }

  /** Returns how long to wait before the request is sent again; `undefined` when it must not be. */
  #waitOf({ status, headers }: Response, method: string): number | undefined {
    if (status !== 429 && !(status === 503 && repeatable.includes(method))) return undefined;
    const header = headers.get('retry-after') ?? '';
    const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - this.#world.now().getTime();
    return Number.isNaN(ms) || ms > longestWaitMs ? undefined : Math.max(0, ms);
  }

  /** Returns the URL of a path or link, which must be of this registry. */
  #within(link: string): URL {
    const url = new URL(link, this.origin);
    if (url.origin === this.origin) return url;
    throw new Failure(
      `${this.host} names a page at another host (${url.host}), which is not asked: tell whoever runs the registry`,
    );
  }
}

function authorizationOf(credentials: Credentials | undefined): string | undefined {
  if (credentials === undefined) return undefined;
  if (credentials.is === 'access') return `Bearer ${credentials.token}`;
  // ACR's clients send a refresh token as the password of this user; no token has to be fetched first then.
  const [user, password] =
    credentials.is === 'refresh'
      ? ['00000000-0000-0000-0000-000000000000', credentials.token]
      : [credentials.user, credentials.password];
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
