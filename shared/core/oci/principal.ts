import { z } from 'zod';

/**
 * An identity beyond its name, with enough to ask later which rights it has then. A name alone is not enough, for a
 * token, a workload and the administrator may have the same one. No password's id is part of it: a changed password
 * leaves the identity the same.
 */
const principalSchema = z.discriminatedUnion('is', [
  z.object({ is: z.literal('administrator') }),
  z.object({ is: z.literal('token'), name: z.string() }),
  /** `issuers` are the entries of trusted issuers that its outside token satisfied. */
  z.object({ is: z.literal('workload'), subject: z.string(), issuers: z.array(z.string()) }),
  /** Everyone without credentials, where nobody needs any, is this one too. */
  z.object({ is: z.literal('anonymous') }),
  /** A task of this registry, which says itself what it may pull. */
  z.object({ is: z.literal('task'), name: z.string() }),
]);
export type Principal = z.infer<typeof principalSchema>;

/**
 * The identity that pushed something, and the time: a token that is made later with the same name is another identity.
 */
export const pushedBySchema = z.object({ who: principalSchema, at: z.iso.datetime() });
export type PushedBy = z.infer<typeof pushedBySchema>;

/** Names an identity within a sentence. */
export function principalInWords(who: Principal): string {
  switch (who.is) {
    case 'administrator':
      return 'the administrator';
    case 'token':
      return `the token "${who.name}"`;
    case 'workload':
      return `the workload "${who.subject}"`;
    case 'anonymous':
      return 'somebody without credentials';
    case 'task':
      return `the task "${who.name}"`;
  }
}
