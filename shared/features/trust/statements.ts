import type { RepositoryKey } from '../../core/documents/names.ts';
import type { ReadStatements, SignedStatementOf } from '../../core/ports/statements.ts';
import { gather } from './gather.ts';
import type { TrustPorts } from './judge.ts';
import type { TrustSettings } from './policy.ts';
import { trustPolicies } from './policy.ts';
import type { SigstoreCandidate, Unreadable } from './sigstore/candidate.ts';
import { verifySigstore } from './sigstore/verify.ts';

type Subject = Parameters<ReadStatements['signedStatements']>[1];

/**
 * Reads the statements about a manifest that authorities of trust policies have signed. The policies need not cover the
 * repository, and may be off: here they only name whose word counts. Throws `StoreFailure`.
 */
export async function signedStatements(
  ports: TrustPorts,
  key: RepositoryKey,
  subject: Subject,
  predicateType: string,
  names: readonly string[],
): Promise<SignedStatementOf[]> {
  const policies = await Promise.all(
    names.map(async (name) => {
      const found = await trustPolicies.find(ports.documents, ports.registry, name);
      return found === undefined ? [] : [found];
    }),
  );
  if (policies.flat().length === 0) return [];
  const subjects = await gather(ports, key, subject, false);
  const found = subjects.flatMap((each) => each.found.flatMap((one) => (one.is === 'sigstore' ? [one.candidate] : [])));
  const statements: SignedStatementOf[] = [];
  for (const { name, settings } of policies.flat())
    for (const candidate of found) {
      const said = await verified(ports, candidate, settings, subject);
      if (said?.predicateType.startsWith(predicateType) === true) statements.push({ policy: name, ...said });
    }
  return statements;
}

async function verified(
  { readRoot, registry, clock }: TrustPorts,
  candidate: SigstoreCandidate | Unreadable,
  { sigstoreKeys, sigstoreIdentities }: TrustSettings,
  subject: Subject,
): Promise<Omit<SignedStatementOf, 'policy'> | undefined> {
  const authorities = [
    ...sigstoreKeys.map((authority) => ({ is: 'key' as const, ...authority })),
    ...sigstoreIdentities.map((authority) => ({ is: 'identity' as const, ...authority })),
  ];
  for (const authority of authorities) {
    const root = authority.trustedRoot === undefined ? undefined : await readRoot(registry, authority.trustedRoot);
    const outcome = await verifySigstore(candidate, authority, root, subject, clock.now());
    if (outcome.is === 'verified' && outcome.statement !== undefined)
      return { signer: outcome.signer.name, ...outcome.statement };
  }
  return undefined;
}
