import { z } from 'zod';

/**
 * Who somebody is beyond a name: enough to ask later what it may do then. A name alone does not do, for a token, a
 * workload and the administrator may have the same one. No password's id is in it: a password that was changed leaves
 * its holder who it was.
 */
const principalSchema = z.discriminatedUnion('is', [
  z.object({ is: z.literal('administrator') }),
  z.object({ is: z.literal('token'), name: z.string() }),
  /** `issuers` are the entries of trusted issuers that its outside token satisfied. */
  z.object({ is: z.literal('workload'), subject: z.string(), issuers: z.array(z.string()) }),
  /** Also whoever pushes where nobody needs credentials. */
  z.object({ is: z.literal('anonymous') }),
  /** A task of this registry, which says itself what it may pull. */
  z.object({ is: z.literal('task'), name: z.string() }),
]);
export type Principal = z.infer<typeof principalSchema>;

/** Who has put something where it is, and when: a token that is made later with the same name is somebody else. */
export const pushedBySchema = z.object({ who: principalSchema, at: z.iso.datetime() });
export type PushedBy = z.infer<typeof pushedBySchema>;

/** As sentences name it. */
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
