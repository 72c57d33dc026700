import { z } from 'zod';
import { identitySchema } from '../identity.ts';

const minute = 60_000;

/** The lifetimes of sessions in milliseconds. */
export const sessionTimes = {
  /** A session that is not used for this long is over. */
  idle: 60 * minute,
  /** A session is over after this, however much it is used. */
  longest: 8 * 60 * minute,
  /** A used session's cookie is made anew when it is older than this. */
  renewAfter: 5 * minute,
  /** A sign-in at an issuer must be finished in this time. */
  signIn: 10 * minute,
} as const;

/** The content of a session's cookie. Rights are not in it: they are asked for each time. */
export const sessionSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  identity: identitySchema,
  /** The client of the issuer through which the identity was proven; absent after a password. */
  client: z.object({ issuer: z.string(), clientId: z.string() }).optional(),
  /** The name that the issuer has for the person, which is for people to read alone. */
  name: z.string().optional(),
  /** Times in milliseconds since 1970. */
  beganAt: z.number(),
  idleUntil: z.number(),
  until: z.number(),
});
export type Session = z.infer<typeof sessionSchema>;
