import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { ForwardedExchange } from './forwarded-exchange.ts';

/** The header in which the host names the invocation of a forwarded request. */
export const invocationHeader = 'x-ms-invocation-id';

/**
 * The milliseconds that a request waits for its invocation. The host sends both at once, so one that waits longer waits
 * in vain.
 */
const patience = 5_000;
/**
 * The milliseconds of a second wait before a request is refused, because a busy process receives what has arrived late.
 */
const secondLook = 500;
/**
 * The most requests that wait for their invocation; the host has some hundreds under way in all. With more, the oldest
 * is refused, which the host itself waits for only a moment.
 */
const maxWaiting = 1_000;

/** The form of an invocation's id as the host makes it. */
const hostsId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Waiting {
  readonly admit: () => void;
  readonly giveUp: () => void;
}

/**
 * Matches invocations with the requests that are forwarded for them: each invocation gets one request, and a request
 * without an invocation is refused.
 */
export class Invocations {
  readonly #patience: number;
  /** The invocations whose request has not arrived. */
  readonly #announced = new Set<string>();
  /** The requests whose invocation the host has not announced. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: { readonly patience?: number } = {}) {
    this.#patience = options.patience ?? patience;
  }

  /** Announces an invocation of the host. */
  announce(id: string): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) this.#announced.add(id);
    else waiting.admit();
  }

  /** Ends a wait for an invocation's request that can never end, with an error. */
  async withoutEndlessWait<T>(id: string, wait: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        timer = setTimeout(
          () =>
            reject(
              new Error(
                `the request of the invocation ${id} did not arrive: its client has left, or it cannot be forwarded`,
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

  /**
   * Calls `admit` if the request belongs to an invocation, at once or when the host announces it; otherwise answers it.
   */
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
 * Puts the invocations in front of all listeners to a server's requests; `take` returns whether somebody else handles
 * an admitted request.
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
