import { preconditionFailed } from '../refusal.ts';

/** `If-Match` and `If-None-Match` of a request, or their namesakes in a batch operation: an etag or `*`. */
export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** Refuses a write whose `If-Match` names another version than the stored one. */
export function assertMatches({ ifMatch }: Conditions, etag: string): void {
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== etag) throw preconditionFailed();
}

/** True when the reader already holds this version. */
export const isUnchanged = ({ ifNoneMatch }: Conditions, etag: string): boolean =>
  ifNoneMatch === '*' || ifNoneMatch === etag;
