import { readStored } from '../../core/documents/stored.ts';
import type { RepositoryName } from '../../core/oci/name.ts';
import type { Principal, PushedBy } from '../../core/oci/principal.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { ReadDocument } from '../../core/ports/documents.ts';
import type { AskGrants } from '../../core/ports/grants.ts';
import type { AnonymousGrants } from './anonymous.ts';
import { issuerDocumentSchema, namedRef, passwordNames, tokenDocumentSchema } from './documents.ts';
import type { Grants } from './grants.ts';
import { allGrants, noGrants, permits, union } from './grants.ts';
import type { Identity } from './identity.ts';
import type { IdentitySettings } from './ports.ts';
import { isPasswordGood, scopeMapGrants } from './resolve.ts';

interface Ports {
  readonly documents: ReadDocument;
  readonly clock: Clock;
  readonly anonymous: Pick<AnonymousGrants, 'read'>;
}

/** The grants where everyone has every right. */
export const openGrants: AskGrants = {
  isOpen: true,
  everyoneMayPull: () => Promise.resolve(true),
  mayPull: () => Promise.resolve(true),
};

/** Answers from the documents as they are now; what everyone may pull is known for half a minute. */
export function askGrants(ports: Ports, settings: IdentitySettings): AskGrants {
  const allows = (grants: Grants, name: RepositoryName) =>
    permits(grants, { type: 'repository', name, action: 'pull' });
  return {
    isOpen: false,
    everyoneMayPull: async (repository) => allows(await ports.anonymous.read(), repository),
    mayPull: async (pushedBy, repository) =>
      allows(await ports.anonymous.read(), repository) ||
      allows(await grantsNow(ports, settings, pushedBy), repository),
  };
}

export function principalOf(identity: Identity): Principal {
  switch (identity.is) {
    case 'administrator':
    case 'anonymous':
      return { is: identity.is };
    case 'token':
      return { is: 'token', name: identity.name };
    case 'workload':
      return { is: 'workload', subject: identity.subject, issuers: identity.issuers };
  }
}

/** Returns the grants of an identity, without those of everyone. Tasks are known to builds alone. */
async function grantsNow(ports: Ports, settings: IdentitySettings, { who, at }: PushedBy): Promise<Grants> {
  switch (who.is) {
    case 'administrator':
      return settings.administrator === undefined ? noGrants : allGrants;
    case 'token':
      return grantsOfName(ports, settings, who.name, at);
    case 'workload':
      return union(await Promise.all(who.issuers.map((name) => grantsOfEntry(ports, settings, name, at))));
    case 'anonymous':
    case 'task':
      return noGrants;
  }
}

/**
 * Returns the grants of a named token. A token of the same name that was made since is another one. One that nobody can
 * show any more, for all its passwords have expired, has no rights.
 */
async function grantsOfName(
  { documents, clock }: Ports,
  { registry }: IdentitySettings,
  name: string,
  at: string,
): Promise<Grants> {
  const token = (await readStored(documents, tokenDocumentSchema, namedRef(registry, 'token', name)))?.document;
  if (
    token === undefined ||
    isLater(token.createdAt, at) ||
    !passwordNames.some((each) => isPasswordGood(token, each, clock.now()))
  )
    return noGrants;
  return scopeMapGrants(documents, registry, token.scopeMap);
}

/**
 * Returns the grants of a trusted issuer's entry. The claims of the workload's token are not kept, so whether it would
 * satisfy other conditions is not known: an entry whose conditions have changed since grants nothing.
 */
async function grantsOfEntry(
  { documents }: Ports,
  { registry }: IdentitySettings,
  name: string,
  at: string,
): Promise<Grants> {
  const entry = (await readStored(documents, issuerDocumentSchema, namedRef(registry, 'trusted-issuer', name)))
    ?.document;
  if (entry === undefined || isLater(entry.conditionsSince ?? entry.updatedAt, at)) return noGrants;
  return scopeMapGrants(documents, registry, entry.scopeMap);
}

/** The clocks of two instances may differ by so many milliseconds. */
const toleranceMs = 30_000;

function isLater(time: string, than: string): boolean {
  return Date.parse(time) > Date.parse(than) + toleranceMs;
}
