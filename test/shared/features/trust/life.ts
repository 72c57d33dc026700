import type { Life, Look } from '../../app/life.ts';
import { ecKeyPair, pemOf, startInstance } from './sigstore/instance.ts';

/** A policy of policy-controller that one key meets. */
function clusterImagePolicy(name: string, glob: string): object {
  return {
    apiVersion: 'policy.sigstore.dev/v1beta1',
    kind: 'ClusterImagePolicy',
    metadata: { name },
    spec: { images: [{ glob }], mode: 'warn', authorities: [{ key: { data: pemOf(ecKeyPair()) } }] },
  };
}

export async function grow(life: Life): Promise<void> {
  const sigstoreKeys = [{ name: 'release', keys: [pemOf(ecKeyPair())] }];
  const { root: trustedRoot } = await startInstance();
  const params = { name: 'signed' };
  await life.api('putTrustPolicy', { params, body: { repositories: { include: ['signed/*'] }, sigstoreKeys } });
  await life.api('updateTrustPolicy', { params, body: { mode: 'off' } });
  await life.api('putTrustPolicy', { params: { name: 'goes' }, body: { mode: 'off' } });
  await life.api('deleteTrustPolicy', { params: { name: 'goes' } });
  await life.api('importTrustPolicies', { body: { clusterImagePolicy: clusterImagePolicy('imported', '**') } });
  await life.api('putTrustedRoot', { params: { name: 'own' }, body: { trustedRoot } });
  await life.api('putTrustedRoot', { params: { name: 'goes' }, body: { trustedRoot } });
  await life.api('deleteTrustedRoot', { params: { name: 'goes' } });
}

export async function look(api: Look): Promise<void> {
  for (const list of ['listTrustPolicies', 'listTrustedRoots']) await api(list);
  await api('getTrustPolicy', { name: 'signed' });
  await api('getTrustedRoot', { name: 'own' });
}
