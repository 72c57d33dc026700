import { z } from 'zod';
import { passwordNames } from './documents.ts';
import type { Grants } from './grants.ts';

/** An identity as a token of ours remembers it, with enough to check later whether it still holds. */
export const identitySchema = z.discriminatedUnion('is', [
  z.object({ is: z.literal('administrator'), passwordId: z.string() }),
  z.object({ is: z.literal('token'), name: z.string(), password: z.enum(passwordNames), passwordId: z.string() }),
  /** `issuers` are the entries of trusted issuers that its outside token satisfied. */
  z.object({ is: z.literal('workload'), subject: z.string(), issuers: z.array(z.string()) }),
  z.object({ is: z.literal('anonymous') }),
]);
export type Identity = z.infer<typeof identitySchema>;

/** A proven identity with its rights, and the end of the proof in milliseconds since 1970; absent, it has none. */
export interface Proof {
  readonly identity: Identity;
  readonly grants: Grants;
  readonly until?: number;
  /**
   * Set when the proof is an access token, for less than the identity may: it must not become a token for all of that.
   */
  readonly narrowed?: true;
  /**
   * Set when that access token was not requested for the catalog either: what it sees of it says nothing about its
   * holder.
   */
  readonly withoutCatalog?: boolean;
}

export const administratorName = 'admin';

/** Names an identity in events, logs and budgets. */
export function actorOf(identity: Identity): string {
  switch (identity.is) {
    case 'administrator':
      return administratorName;
    case 'token':
      return identity.name;
    case 'workload':
      return identity.subject;
    case 'anonymous':
      return 'anonymous';
  }
}
