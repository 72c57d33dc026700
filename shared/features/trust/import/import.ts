import { defined } from '../../../core/documents/defined.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { PolicyPorts } from '../../../core/verdicts/policies.ts';
import { trustPolicies } from '../policy.ts';
import { policiesOfCluster } from './cluster-image-policy.ts';
import type { ImportedPolicy, Importing, ImportOptions } from './imported.ts';
import { policiesOfNotary } from './notary.ts';
import type { ImportRequest } from './wire.ts';

interface Ports extends PolicyPorts {
  readonly registry: RegistryName;
}

/**
 * Reads the document of another tool, and stores the policies that say the same. Throws `RegistryError`: `conflict` if
 * a part cannot be carried over, or if a policy has such a name already.
 */
export async function importPolicies(
  ports: Ports,
  request: ImportRequest,
  host: string,
): Promise<{ readonly policies: readonly ImportedPolicy[]; readonly notes: readonly string[] }> {
  const reading = readImport(request, host);
  if (reading.is === 'faulty')
    throw new RegistryError({
      is: 'conflict',
      code: 'trustPolicyNotImportable',
      why: `nothing was imported, because not all of it can be carried over: ${reading.faults.join(' ')}`,
    });
  const { policies, notes } = reading;
  if (!request.replace) await refuseKnown(ports, policies);
  // The policy that covers the rest comes last, so that nothing is open meanwhile that was held before.
  if (!request.preview)
    for (const { name, settings } of policies) await trustPolicies.put(ports, ports.registry, name, settings);
  return { policies, notes };
}

function readImport({ notation, clusterImagePolicy, hosts, ...request }: ImportRequest, host: string): Importing {
  const all = [host, ...hosts].map((each) => each.toLowerCase());
  const withoutPorts = all.map((each) => each.replace(/:[0-9]{1,5}$/, ''));
  const options: ImportOptions = {
    hosts: [...new Set([...all, ...withoutPorts])],
    otherRegistries: request.otherRegistries,
    mode: request.mode,
  };
  return notation === undefined
    ? policiesOfCluster(clusterImagePolicy, options)
    : policiesOfNotary(notation.trustPolicy, defined(notation.trustStores), options);
}

async function refuseKnown({ documents, registry }: Ports, policies: readonly ImportedPolicy[]): Promise<void> {
  const known = new Set((await trustPolicies.list(documents, registry)).map(({ name }) => name));
  const taken = policies.filter(({ name }) => known.has(name));
  if (taken.length > 0)
    throw new RegistryError({
      is: 'conflict',
      code: 'trustPolicyExists',
      why:
        `there are trust policies of these names already: ${taken.map(({ name }) => name).join(', ')}. ` +
        'Ask with "replace": true to replace them, or rename them in the document',
    });
}
