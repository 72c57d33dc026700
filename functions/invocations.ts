import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { ForwardedExchange } from './forwarded-exchange.ts';

/** The host names the invocation on the request that it forwards to this process. */
export const invocationHeader = 'x-ms-invocation-id';

/**
 * The host forwards a request and tells of its invocation at once: who waits longer than this waits for nothing. In
 * milliseconds.
 */
const patience = 5_000;
/**
 * A process that was busy learns late of what has come meanwhile: it looks once more before it gives up. In
 * milliseconds.
 */
const secondLook = 500;
/**
 * The host has some hundreds of requests under way, and these are those of which it has not told yet. When there are
 * more, the oldest gives up: the host's own wait for a moment alone.
 */
const maxWaiting = 1_000;

/** What the host, and nothing else, gives as an invocation's id. */
const hostsId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Waiting {
  readonly admit: () => void;
  readonly giveUp: () => void;
}

/**
 * Brings invocations and the requests that are forwarded for them together: each invocation gets one request, and a
 * request of no invocation gets nowhere.
 */
export class Invocations {
  readonly #patience: number;
  /** Invocations whose request has not come. */
  readonly #announced = new Set<string>();
  /** Requests of whose invocation the host has not told. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: { readonly patience?: number } = {}) {
    this.#patience = options.patience ?? patience;
  }

  /** The host tells of an invocation. */
  announce(id: string): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) this.#announced.add(id);
    else waiting.admit();
  }

  /** What waits for an invocation's request may fail for good: then nothing waits any longer for ever. */
  async withoutEndlessWait<T>(id: string, wait: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        timer = setTimeout(
          () =>
            reject(
              new Error(
                `the request of the invocation ${id} did not come: its client has left, or it cannot be forwarded`,
              ),
            ),
          secondLook,
        );
      }, this.#patience);
    });
    return Promise.race([wait, late]).finally(() => {
      clearTimeout(timer);
      this.#announced.delete(id);
    });
  }

  /** Calls `admit` when the request belongs to an invocation, at once or once the host tells of it; else answers it. */
  arrive(request: IncomingMessage, response: ServerResponse, admit: () => void): void {
    const id = request.headers[invocationHeader];
    if (typeof id !== 'string' || !hostsId.test(id) || this.#waiting.has(id)) {
      refuse(response);
      return;
    }
    if (this.#announced.delete(id)) {
      admit();
      return;
    }
    const leave = () => {
      clearTimeout(timer);
      response.off('close', leave);
      this.#waiting.delete(id);
    };
    const giveUp = () => {
      leave();
      refuse(response);
    };
    let timer = setTimeout(() => (timer = setTimeout(giveUp, secondLook)), this.#patience);
    response.once('close', leave);
    if (this.#waiting.size >= maxWaiting) this.#waiting.values().next().value?.giveUp();
    this.#waiting.set(id, {
      giveUp,
      admit: () => {
        leave();
        admit();
      },
    });
  }
}

function refuse(response: ServerResponse): void {
  response.writeHead(400, { 'Content-Length': 0, Connection: 'close' }).end();
}

/**
 * Puts the invocations before whatever listens to a server's requests; `take` says whether a request that is let in is
 * somebody else's.
 */
export function admitInvocationsAlone(
  server: Server,
  invocations: Invocations,
  take: (id: string, exchange: ForwardedExchange) => boolean = () => false,
): void {
  const listeners = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    invocations.arrive(request, response, () => {
      if (take(String(request.headers[invocationHeader]), new ForwardedExchange(request, response))) return;
      for (const listen of listeners) Reflect.apply(listen, server, [request, response]);
    });
  });
}
