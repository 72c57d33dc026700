import { z } from 'zod';
import { passwordNames } from './documents.ts';
import type { Grants } from './grants.ts';

/** Who somebody is, as a token of ours remembers it: enough to look again whether that still holds. */
export const identitySchema = z.discriminatedUnion('is', [
  z.object({ is: z.literal('administrator'), passwordId: z.string() }),
  z.object({ is: z.literal('token'), name: z.string(), password: z.enum(passwordNames), passwordId: z.string() }),
  /** `issuers` are the entries of trusted issuers that its outside token satisfied. */
  z.object({ is: z.literal('workload'), subject: z.string(), issuers: z.array(z.string()) }),
  z.object({ is: z.literal('anonymous') }),
]);
export type Identity = z.infer<typeof identitySchema>;

/**
 * An identity that was proven, what it may do, and until when the proof holds: milliseconds since 1970, absent: no end.
 */
export interface Proof {
  readonly identity: Identity;
  readonly grants: Grants;
  readonly until?: number;
  /** The proof is an access token, for less than the identity may: it must not become a token for all of that. */
  readonly narrowed?: true;
  /** Nor was that access token asked for the catalog: what it sees of it says nothing about its holder. */
  readonly withoutCatalog?: boolean;
}

export const administratorName = 'admin';

/** What events, logs and budgets call it. */
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
