import { z } from 'zod';
import { registrySchema } from '../../core/documents/names.ts';
import { documentShape } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DocumentRef } from '../../core/ports/documents.ts';
import { sealedSchema } from '../../core/secrets/sealed.ts';
import { patternSchema } from './pattern.ts';

const inRegistry = {
  registry: registrySchema,
  name: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
};

export const passwordNames = ['password1', 'password2'] as const;
export type PasswordName = (typeof passwordNames)[number];

const passwordSchema = z.object({
  /** The hash: `hmac-sha256:` and base64url; in earlier versions scrypt, in base64url alone. */
  hash: z.string(),
  /** A new id for each password: a refresh token that was issued for the one before is no longer valid. */
  id: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().optional(),
});

/** A named token: an identity for machines, with two passwords so that one can be changed while the other is in use. */
export const tokenDocumentSchema = z.object({
  ...documentShape('token'),
  ...inRegistry,
  scopeMap: z.string(),
  status: z.enum(['enabled', 'disabled']),
  /** One salt in base64url for both passwords, so that checking a password against both is one computation. */
  salt: z.string(),
  passwords: z.partialRecord(z.enum(passwordNames), passwordSchema),
});
export type TokenDocument = z.infer<typeof tokenDocumentSchema>;

export const scopeMapDocumentSchema = z.object({
  ...documentShape('scope-map'),
  ...inRegistry,
  description: z.string(),
  actions: z.array(z.string()),
});
export type ScopeMapDocument = z.infer<typeof scopeMapDocumentSchema>;

/** The repositories that everyone may pull from. */
export const anonymousDocumentSchema = z.object({
  ...documentShape('anonymous'),
  registry: registrySchema,
  repositories: z.array(patternSchema),
  updatedAt: z.iso.datetime(),
});

/** A condition on a claim: its text, where `*` stands for any. If a claim is a list, one element must match. */
const conditionSchema = z.object({ claim: z.string(), is: z.string() });
export type ClaimCondition = z.infer<typeof conditionSchema>;

/** The sign-in of people to the portal through an issuer: the client that Longshore is there, and its proof. */
const signInSchema = z.object({
  clientId: z.string(),
  displayName: z.string().optional(),
  scopes: z.string().optional(),
  /** With `secret` there is one, sealed; with `managed-identity` the app's identity vouches; `none` is a public client. */
  proof: z.enum(['secret', 'managed-identity', 'none']),
  secret: sealedSchema.optional(),
});
export type SignIn = z.infer<typeof signInSchema>;

/** An issuer whose tokens are accepted in exchange for the registry's own, with the rights of their bearers. */
export const issuerDocumentSchema = z.object({
  ...documentShape('trusted-issuer'),
  ...inRegistry,
  issuer: z.string(),
  audience: z.string(),
  conditions: z.array(conditionSchema),
  scopeMap: z.string(),
  signIn: signInSchema.optional(),
  /**
   * The time since which issuer, audience and conditions are as they are; absent from documents that were written
   * before this was noted.
   */
  conditionsSince: z.iso.datetime().optional(),
});
export type IssuerDocument = z.infer<typeof issuerDocumentSchema>;

export type NamedKind = 'token' | 'scope-map' | 'trusted-issuer';

export function namedRef(registry: RegistryName, kind: NamedKind, name: string): DocumentRef {
  return { container: 'registries', partition: [registry], id: `${kind}:${name}` };
}

export function anonymousRef(registry: RegistryName): DocumentRef {
  return { container: 'registries', partition: [registry], id: 'anonymous' };
}
