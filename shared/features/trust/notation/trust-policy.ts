import { z } from 'zod';
import { isRepositoryName } from '../../../core/oci/name.ts';
import type { NotationAuthority, StoreType } from './authority.ts';
import { faultOfPem, faultsOfIdentities, storeNamePattern, storeTypes, verificationSchema } from './authority.ts';
import { escaped, shown } from './fault.ts';

/** The named stores of certificates in PEM, by their types, as `notation` keeps them in folders. */
export type NamedStores = Readonly<Partial<Record<StoreType, Readonly<Record<string, readonly string[]>>>>>;

/** A statement of a trust policy: an authority, and the repositories that it is for. */
export interface PolicyStatement {
  /** Names of repositories with their host, or "*" alone. */
  readonly scopes: readonly string[];
  readonly authority: NotationAuthority;
}

export type PolicyReading =
  | { readonly is: 'read'; readonly statements: readonly PolicyStatement[] }
  | { readonly is: 'faulty'; readonly faults: readonly string[] };

const texts = z.array(z.string().min(1).max(2_000)).max(200);

/** Notary Project's own document, `trustpolicy.oci.json`. */
const documentSchema = z.strictObject({
  version: z.literal('1.0'),
  trustPolicies: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(200),
        registryScopes: texts.min(1),
        signatureVerification: verificationSchema,
        trustStores: texts.optional(),
        trustedIdentities: texts.optional(),
      }),
    )
    .min(1)
    .max(200),
});
type Statement = z.infer<typeof documentSchema>['trustPolicies'][number];

const maxFaults = 50;

/**
 * Reads a trust policy of Notary Project with the stores that it names. Each fault is a sentence that begins with its
 * place. Properties that the specification does not know are faults, because a misspelt `override` would be ignored
 * otherwise, and the policy be another one than was meant.
 */
export function readTrustPolicy(document: unknown, stores: NamedStores): PolicyReading {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) return faulty(parsed.error.issues.map(sentenceOf));
  const { trustPolicies } = parsed.data;
  const faults = [...faultsOfNames(trustPolicies), ...faultsOfScopes(trustPolicies)];
  for (const [at, each] of trustPolicies.entries()) faults.push(...faultsOfStatement(each, at, stores));
  if (faults.length > 0) return faulty(faults);
  return { is: 'read', statements: trustPolicies.map((each) => statementOf(each, stores)) };
}

function faulty(faults: readonly string[]): PolicyReading {
  const more = faults.length - maxFaults;
  return {
    is: 'faulty',
    faults: more > 0 ? [...faults.slice(0, maxFaults), `There are ${more} more faults.`] : faults,
  };
}

function sentenceOf({ path, message, code, ...issue }: z.core.$ZodIssue): string {
  const place = placeOf(path);
  if (code === 'unrecognized_keys' && 'keys' in issue)
    return `${place} has a property that is not known: ${issue.keys.map(escaped).join(', ')}.`;
  if (code === 'custom') return `${place} ${message}.`;
  return `${place} cannot be read: ${escaped(message)}.`;
}

function placeOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'The document';
  return path
    .map((each) => (typeof each === 'number' ? `[${each}]` : `.${escaped(String(each))}`))
    .join('')
    .replace(/^\./, '');
}

function faultsOfNames(statements: readonly Statement[]): string[] {
  return statements.flatMap(({ name }, at) => {
    const first = statements.findIndex((each) => each.name === name);
    return first === at ? [] : [`trustPolicies[${at}].name is ${shown(name)}, as is that of trustPolicies[${first}].`];
  });
}

function faultsOfScopes(statements: readonly Statement[]): string[] {
  const places = new Map<string, string>();
  return statements.flatMap(({ registryScopes, signatureVerification }, at) =>
    registryScopes.flatMap((scope, index) => {
      const place = `trustPolicies[${at}].registryScopes[${index}]`;
      const before = places.get(scope);
      places.set(scope, before ?? place);
      if (before !== undefined)
        return [`${place} is ${shown(scope)}, as is ${before}: one statement may have a scope.`];
      if (scope !== '*')
        return scopeIn(scope) === undefined
          ? [`${place} must be a host and a repository without a tag, as in registry.example/team/app, or "*" alone.`]
          : [];
      if (registryScopes.length > 1) return [`${place} is "*", which must be the only scope of its statement.`];
      return signatureVerification.level === 'skip' ? [`${place} is "*", which must not be skipped.`] : [];
    }),
  );
}

function faultsOfStatement(statement: Statement, at: number, stores: NamedStores): string[] {
  const place = `trustPolicies[${at}]`;
  const { signatureVerification, trustStores = [], trustedIdentities = [] } = statement;
  if (signatureVerification.level === 'skip')
    return trustStores.length + trustedIdentities.length === 0
      ? []
      : [`${place} skips verification, so that it must have neither trustStores nor trustedIdentities.`];
  const faults = trustStores.flatMap((each, index) => faultsOfStore(each, `${place}.trustStores[${index}]`, stores));
  if (!trustStores.some((each) => /^(?:ca|signingAuthority):/.test(each)))
    faults.push(`${place}.trustStores must name a store of type ca or signingAuthority.`);
  if (trustedIdentities.length === 0) faults.push(`${place}.trustedIdentities must have an identity.`);
  for (const { at: index, why } of faultsOfIdentities(trustedIdentities))
    faults.push(`${place}.trustedIdentities[${index}] ${why}.`);
  return faults;
}

function faultsOfStore(text: string, place: string, stores: NamedStores): string[] {
  const [type, name] = storeIn(text) ?? [];
  if (type === undefined || name === undefined)
    return [`${place} must be a type and the name of a store, as in ca:acme; the types are ${storeTypes.join(', ')}.`];
  const store = storeOf(stores, type, name);
  if (store === undefined || store.length === 0)
    return [`${place} names the store ${text}, which has no certificates here.`];
  return store.flatMap((pem, index) => {
    const why = faultOfPem(pem, type);
    return why === undefined ? [] : [`${place} names the store ${text}, whose certificate ${index + 1} ${why}.`];
  });
}

function storeIn(text: string): readonly [StoreType, string] | undefined {
  const [prefix, name = '', ...more] = text.split(':');
  const type = storeTypes.find((each) => each === prefix);
  return type === undefined || more.length > 0 || !storeNamePattern.test(name) ? undefined : [type, name];
}

function storeOf(stores: NamedStores, type: StoreType, name: string): readonly string[] | undefined {
  const ofType = stores[type] ?? {};
  return Object.hasOwn(ofType, name) ? ofType[name] : undefined;
}

function statementOf(statement: Statement, stores: NamedStores): PolicyStatement {
  const { name, registryScopes, signatureVerification, trustStores = [], trustedIdentities = [] } = statement;
  const named: Partial<Record<StoreType, Record<string, string[]>>> = {};
  for (const text of trustStores) {
    const [type, store] = storeIn(text) ?? [];
    if (type !== undefined && store !== undefined)
      named[type] = { ...named[type], [store]: [...(storeOf(stores, type, store) ?? [])] };
  }
  return {
    scopes: registryScopes,
    authority: { name, verification: signatureVerification, trustStores: named, trustedIdentities },
  };
}

interface Scope {
  readonly host: string;
  readonly repository: string;
}

const hostPattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?$/;

function scopeIn(text: string): Scope | undefined {
  const slash = text.indexOf('/');
  const [host, repository] = [text.slice(0, Math.max(0, slash)), text.slice(slash + 1)];
  return host.length <= 260 && hostPattern.test(host) && !host.includes('..') && isRepositoryName(repository)
    ? { host: host.toLowerCase(), repository }
    : undefined;
}

export type ScopeMatch =
  | { readonly is: 'found'; readonly statement: PolicyStatement }
  /** No statement is for the repository: it must count as untrusted. */
  | { readonly is: 'none' }
  /** Several are, each by another name of the registry. */
  | { readonly is: 'ambiguous'; readonly names: readonly string[] };

/**
 * Finds the statement for a repository of this registry. A scope names a host, and a registry may have several: a
 * policy must not stop to hold because a client came by another name, so that each of them counts. A scope of another
 * registry never does. "*" counts where no scope names the repository.
 */
export function statementFor(
  statements: readonly PolicyStatement[],
  repository: string,
  hosts: readonly string[],
): ScopeMatch {
  const own = new Set(hosts.map((each) => each.toLowerCase()));
  const exact = statements.filter(({ scopes }) =>
    scopes.some((each) => {
      const scope = scopeIn(each);
      return scope?.repository === repository && own.has(scope.host);
    }),
  );
  if (exact.length > 1) return { is: 'ambiguous', names: exact.map(({ authority }) => authority.name) };
  const statement = exact[0] ?? statements.find(({ scopes }) => scopes.includes('*'));
  return statement === undefined ? { is: 'none' } : { is: 'found', statement };
}
