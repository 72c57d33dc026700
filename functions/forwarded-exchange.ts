import type { IncomingMessage, ServerResponse } from 'node:http';

/** The input of a function that answers by itself: the request that the host has forwarded, and its answer. */
export class ForwardedExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
  }
}

/** The result of such a function: the library has nothing left to send. */
export const answeredItself = Symbol('answered by the function itself');
