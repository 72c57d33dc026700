interface RefusalDetail {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly substatus?: number;
  readonly retryAfterMs?: number;
}

/** An answer of status 400 or more, which the service gives instead of doing what was requested. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** The `code` member of the error body: a word, unlike the SDK's numeric `error.code`. */
  readonly code: string;
  readonly substatus: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(detail: RefusalDetail) {
    super(detail.message);
    this.status = detail.status;
    this.code = detail.code;
    this.substatus = detail.substatus;
    this.retryAfterMs = detail.retryAfterMs;
  }
}

export const badRequest = (message: string, substatus?: number): Refusal =>
  new Refusal({ status: 400, code: 'BadRequest', message, ...(substatus === undefined ? {} : { substatus }) });

/** 1001 is PartitionKeyMismatch. The SDK refreshes its key definition on it, so the number matters. */
export const partitionKeyMismatch = (message: string): Refusal => badRequest(message, 1001);

export const unauthorized = (message: string): Refusal => new Refusal({ status: 401, code: 'Unauthorized', message });

/** 3 is WriteForbidden: the SDK looks for the write region again when it sees it. */
export const writeForbidden = (region: string): Refusal =>
  new Refusal({
    status: 403,
    substatus: 3,
    code: 'Forbidden',
    message: `The requested operation cannot be performed at this region: '${region}' is a read region.`,
  });

export const notFound = (message = 'Entity with the specified id does not exist in the system.'): Refusal =>
  new Refusal({ status: 404, code: 'NotFound', message });

/** 1002 is ReadSessionNotAvailable: this region has not yet seen what the session has written. */
export const sessionNotAvailable = (): Refusal =>
  new Refusal({
    status: 404,
    substatus: 1002,
    code: 'NotFound',
    message: 'The read session is not available for the input session token.',
  });

export const conflict = (message = 'Entity with the specified id already exists in the system.'): Refusal =>
  new Refusal({ status: 409, code: 'Conflict', message });

export const preconditionFailed = (): Refusal =>
  new Refusal({ status: 412, code: 'PreconditionFailed', message: 'One of the specified pre-condition is not met.' });

export const tooLarge = (): Refusal =>
  new Refusal({ status: 413, code: 'RequestEntityTooLarge', message: 'Request size is too large' });

/** 3200 is RUBudgetExceeded. */
export const throttled = (retryAfterMs: number): Refusal =>
  new Refusal({
    status: 429,
    substatus: 3200,
    code: 'TooManyRequests',
    message: 'The request rate is too large. Please retry after sometime.',
    retryAfterMs,
  });

/** Refuses what the service can do and this emulator cannot: it is never guessed at, always named. */
export const notImplemented = (what: string): Refusal =>
  new Refusal({ status: 501, code: 'NotImplemented', message: `The emulator does not implement ${what}.` });

export const unavailable = (): Refusal =>
  new Refusal({
    status: 503,
    code: 'ServiceUnavailable',
    message: 'Service is currently unavailable. Please retry after sometime.',
  });
