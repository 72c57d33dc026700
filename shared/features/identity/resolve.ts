import { createHash } from 'node:crypto';
import { readStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { ReadDocument } from '../../core/ports/documents.ts';
import { grantsOfActions, systemScopeMaps } from './actions.ts';
import type { IssuerDocument, PasswordName, TokenDocument } from './documents.ts';
import {
  anonymousDocumentSchema,
  anonymousRef,
  issuerDocumentSchema,
  namedRef,
  scopeMapDocumentSchema,
  tokenDocumentSchema,
} from './documents.ts';
import type { Grants } from './grants.ts';
import { allGrants, noGrants, union } from './grants.ts';
import type { Identity } from './identity.ts';
import type { PasswordHash } from './password.ts';

interface Ports {
  readonly documents: ReadDocument;
  readonly clock: Clock;
}

interface Settings {
  readonly registry: RegistryName;
  readonly administrator?: PasswordHash;
}

/**
 * Returns the rights that an identity has now, from the documents as they are; `undefined` when it no longer holds:
 * disabled, its password changed or expired, its issuer no longer trusted, or for somebody else than when it was
 * proven. Throws `StoreFailure`.
 */
export async function grantsOf(
  ports: Ports,
  settings: Settings,
  identity: Identity,
  provenAt: Date,
): Promise<Grants | undefined> {
  switch (identity.is) {
    case 'administrator':
      return settings.administrator !== undefined && administratorId(settings.administrator) === identity.passwordId
        ? allGrants
        : undefined;
    case 'token':
      return grantsOfToken(ports, settings, identity);
    case 'workload':
      return grantsOfWorkload(ports, settings, identity.issuers, provenAt);
    case 'anonymous':
      return anonymousGrants(ports.documents, settings.registry);
  }
}

/** Tells one administrator's password from the next, without giving anything of its hash away. */
export function administratorId({ hash }: PasswordHash): string {
  return createHash('sha256').update(hash).digest('base64url').slice(0, 22);
}

async function grantsOfToken(
  { documents, clock }: Ports,
  { registry }: Settings,
  { name, password, passwordId }: Identity & { is: 'token' },
): Promise<Grants | undefined> {
  const token = (await readStored(documents, tokenDocumentSchema, namedRef(registry, 'token', name)))?.document;
  if (
    token === undefined ||
    !isPasswordGood(token, password, clock.now()) ||
    token.passwords[password]?.id !== passwordId
  )
    return undefined;
  return scopeMapGrants(documents, registry, token.scopeMap);
}

/** Says whether the token is enabled and has this password, which has not expired. */
export function isPasswordGood(token: TokenDocument, name: PasswordName, now: Date): boolean {
  const password = token.passwords[name];
  if (token.status !== 'enabled' || password === undefined) return false;
  return password.expiresAt === undefined || now.getTime() < Date.parse(password.expiresAt);
}

/**
 * Returns the grants of a workload. Every entry that it satisfied must still exist, with the conditions that it
 * satisfied; what they grant now counts.
 */
async function grantsOfWorkload(
  { documents }: Ports,
  { registry }: Settings,
  issuers: readonly string[],
  provenAt: Date,
): Promise<Grants | undefined> {
  const entries = await Promise.all(
    issuers.map((name) => readStored(documents, issuerDocumentSchema, namedRef(registry, 'trusted-issuer', name))),
  );
  const trusted = entries.flatMap((entry) =>
    entry === undefined || isSince(entry.document, provenAt) ? [] : [entry.document],
  );
  if (trusted.length < issuers.length || trusted.length === 0) return undefined;
  return union(await Promise.all(trusted.map(({ scopeMap }) => scopeMapGrants(documents, registry, scopeMap))));
}

/**
 * Says whether an entry's conditions are younger than the proof, in whole seconds, as tokens tell their time. The
 * claims of the workload's token are not kept, so nobody knows whether it would satisfy them.
 */
function isSince({ conditionsSince, updatedAt }: IssuerDocument, provenAt: Date): boolean {
  return Math.floor(Date.parse(conditionsSince ?? updatedAt) / 1000) > Math.floor(provenAt.getTime() / 1000);
}

/** Returns the grants of a scope map; one that is gone grants nothing. Throws `StoreFailure`. */
export async function scopeMapGrants(documents: ReadDocument, registry: RegistryName, name: string): Promise<Grants> {
  const system = Object.hasOwn(systemScopeMaps, name) ? systemScopeMaps[name] : undefined;
  if (system !== undefined) return grantsOfActions(system, `scope map ${name}`);
  const map = await readStored(documents, scopeMapDocumentSchema, namedRef(registry, 'scope-map', name));
  return map === undefined ? noGrants : grantsOfActions(map.document.actions, `scope map ${name}`);
}

/**
 * Returns the grants of everyone: pulling, and reading about, what is open to everyone, as ACR's anonymous pull. Throws
 * `StoreFailure`.
 */
export async function anonymousGrants(documents: ReadDocument, registry: RegistryName): Promise<Grants> {
  const open = await readStored(documents, anonymousDocumentSchema, anonymousRef(registry));
  const actions = new Set(['pull', 'metadata_read'] as const);
  return {
    ...noGrants,
    rules: (open?.document.repositories ?? []).map((pattern) => ({ pattern, actions, from: `anonymous: ${pattern}` })),
  };
}
