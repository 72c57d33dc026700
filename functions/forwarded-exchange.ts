import type { IncomingMessage, ServerResponse } from 'node:http';

/** What the host has forwarded, and where its answer goes: the input of a function that answers by itself. */
export class ForwardedExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
  }
}

/** What such a function returns: the library has nothing to send any more. */
export const answeredItself = Symbol('answered by the function itself');
