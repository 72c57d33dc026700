import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import type { ResourceActions } from './grants.ts';
import type { Identity } from './identity.ts';
import { actorOf, identitySchema } from './identity.ts';
import type { KeyRing } from './keys/ring.ts';
import type { RepositoryPattern } from './pattern.ts';
import { patternSchema } from './pattern.ts';
import type { IdentityPorts } from './ports.ts';

/** The issuer by which ACR signs; its clients read these claims. */
const issuer = 'Azure Container Registry';

const claimsSchema = z.object({
  sub: z.string(),
  /** The end, in seconds since 1970. */
  exp: z.number(),
  iat: z.number(),
  grant_type: z.enum(['refresh_token', 'access_token']),
  tenant: z.string().optional(),
  access: z.array(z.object({ type: z.string(), name: z.string(), actions: z.array(z.string()) })).optional(),
  /**
   * The repositories that show in lists: a token for the catalog has them if its holder may not see all of it, or none.
   */
  listing: z.array(patternSchema).optional(),
  /** The repositories of which its holder may also pull what is held, though the token was asked for `pull` alone. */
  held: z.array(z.string()).optional(),
  longshore: identitySchema,
});

/** The claims of a token of ours. */
export type Claims = z.infer<typeof claimsSchema>;

export interface Issue {
  readonly identity: Identity;
  /** The host and port that it is for. */
  readonly host: string;
  /** The end, in milliseconds since 1970. */
  readonly expiresAt: number;
  readonly tenant?: string;
  /** The access, which makes it an access token. */
  readonly access?: readonly ResourceActions[];
  readonly listing?: readonly RepositoryPattern[];
  readonly held?: readonly string[];
}

export interface JwtPorts extends Pick<IdentityPorts, 'clock' | 'ids'> {
  readonly ring: KeyRing;
}

/**
 * Issues a refresh token or, with `access`, an access token: a JWT with ACR's claims, signed with RS256. Throws
 * `StoreFailure`.
 */
export async function issueToken(ports: JwtPorts, issue: Issue): Promise<string> {
  const { kid, key } = await ports.ring.signingKey();
  const now = Math.floor(ports.clock.now().getTime() / 1000);
  const claims = {
    version: '1.0',
    grant_type: issue.access === undefined ? 'refresh_token' : 'access_token',
    ...defined({ tenant: issue.tenant, access: issue.access, listing: issue.listing, held: issue.held }),
    // ACR's clients expect these two; `access` decides what is allowed, and `longshore` when access is asked for.
    permissions: { actions: issue.identity.is === 'administrator' ? ['*'] : [], notActions: [] },
    roles: [],
    longshore: issue.identity,
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid })
    .setJti(ports.ids.nextId())
    .setSubject(actorOf(issue.identity))
    .setIssuer(issuer)
    .setAudience(issue.host)
    .setIssuedAt(now)
    .setNotBefore(now - clockToleranceSeconds)
    .setExpirationTime(Math.floor(issue.expiresAt / 1000))
    .sign(key);
}

/** The clocks of instances may differ by so much. */
const clockToleranceSeconds = 30;

/**
 * Returns the claims of a token that is ours, for this host, and not expired; else `undefined`. Throws `StoreFailure`.
 */
export async function verifyToken(ports: JwtPorts, token: string, host: string): Promise<Claims | undefined> {
  try {
    const { payload } = await jwtVerify(token, ({ kid }) => keyOf(ports.ring, kid), {
      algorithms: ['RS256'],
      issuer,
      audience: host,
      currentDate: ports.clock.now(),
      requiredClaims: ['exp', 'sub', 'jti'],
    });
    return claimsSchema.parse(payload);
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

async function keyOf(ring: KeyRing, kid: string | undefined) {
  const key = kid === undefined ? undefined : await ring.verificationKey(kid);
  if (key === undefined) throw new errors.JWKSNoMatchingKey();
  return key;
}
