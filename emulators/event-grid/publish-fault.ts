/** A publish request that the topic refuses: the status and the code and message of Event Grid's error body. */
export class PublishFault extends Error {
  override readonly name = 'PublishFault';
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const badRequest = (message: string): PublishFault => new PublishFault(400, 'BadRequest', message);

/** "The maximum allowed size of the request and of each event is 1 MB" (Event Grid quotas and limits). */
export const MAX_BYTES = 1_048_576;

export const tooLarge = (what: string): PublishFault =>
  new PublishFault(413, 'PayloadTooLarge', `${what} is larger than the allowed ${MAX_BYTES} bytes.`);
