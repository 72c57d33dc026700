import { z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import { seal } from '../../../core/secrets/sealed.ts';
import type { SealingKeys } from '../../../core/secrets/sealing-keys.ts';
import type { SignIn } from '../documents.ts';
import { secretPlace, takesManagedIdentity } from '../sessions/provider.ts';

const printable = /^[\u0020-\u007e]+$/;

const signInShape = {
  clientId: z
    .string()
    .min(1)
    .max(300)
    .regex(printable, 'must be printable ASCII')
    .openapi({ description: 'The id of the client that Longshore is at the issuer.', example: 'longshore-portal' }),
  displayName: z
    .string()
    .min(1)
    .max(60)
    .optional()
    .openapi({ description: 'The name of the issuer on the sign-in page.', example: 'Contoso' }),
  scopes: z
    .string()
    .regex(/^openid( [\u0021-\u007e]+)*$/, 'must begin with openid, and have one space between scopes')
    .max(300)
    .optional()
    .openapi({ description: 'The scopes that are asked for; absent, "openid profile".', example: 'openid profile' }),
};

export const signInContentSchema = z
  .object({
    ...signInShape,
    clientSecret: z.string().min(1).max(1_000).regex(printable, 'must be printable ASCII').optional().openapi({
      description: 'The secret of the client, which no answer shows. Absent, the one that is there stays.',
    }),
    proof: z
      .enum(['secret', 'managed-identity', 'none'])
      .default('secret')
      .openapi({
        description:
          'The proof of the client: its secret, the managed identity of the app as a federated credential (Entra ID ' +
          'alone; not tried yet), or none for a public client.',
      }),
  })
  .openapi('SignInContent', { description: 'The sign-in of people to the portal through this issuer.' });
export type SignInContent = z.infer<typeof signInContentSchema>;

export const signInSchema = z
  .object({
    ...signInShape,
    proof: z
      .enum(['secret', 'managed-identity', 'none'])
      .openapi({ description: 'The proof of the client towards the issuer.' }),
  })
  .openapi('SignIn', { description: 'The sign-in of people to the portal through this issuer, without its secret.' });

interface Ports {
  readonly registry: RegistryName;
  readonly sealing: SealingKeys;
}

/**
 * Makes what is stored of a sign-in, its secret sealed. Throws `RegistryError` (`request-invalid`) when the proof cannot
 * be made, and `StoreFailure`.
 */
export async function signInOf(
  { registry, sealing }: Ports,
  { name, issuer, before }: { readonly name: string; readonly issuer: string; readonly before: SignIn | undefined },
  { clientSecret, clientId, displayName, scopes, proof }: SignInContent,
): Promise<SignIn> {
  const base = { clientId, proof, ...defined({ displayName, scopes }) };
  if (proof === 'managed-identity' && !takesManagedIdentity(issuer))
    throw invalid('signIn.proof is managed-identity, which Entra ID alone takes: send a clientSecret instead');
  if (proof !== 'secret') {
    if (clientSecret !== undefined)
      throw invalid(`signIn.clientSecret is not used where signIn.proof is ${proof}: leave it out`);
    return base;
  }
  if (clientSecret === undefined) {
    const kept = before?.clientId === clientId ? before.secret : undefined;
    if (kept === undefined)
      throw invalid(
        'signIn.clientSecret is missing: send the secret of the client, or signIn.proof "none" for a public one',
      );
    return { ...base, secret: kept };
  }
  const key = await sealing.current();
  return { ...base, secret: seal(Buffer.from(clientSecret), key, secretPlace(registry, name)) };
}

/** Shows a sign-in without anything secret. */
export function shownSignIn({ clientId, displayName, scopes, proof }: SignIn) {
  return { clientId, proof, ...defined({ displayName, scopes }) };
}

function invalid(why: string): RegistryError {
  return new RegistryError({ is: 'request-invalid', code: 'invalidBody', why });
}
