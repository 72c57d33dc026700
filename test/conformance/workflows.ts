import { describe } from 'vitest';
import { discoveryWorkflow } from './discovery.ts';
import { managementWorkflow } from './management.ts';
import { pullWorkflow } from './pull.ts';
import { pushBlobsWorkflow } from './push-blobs.ts';
import { pushManifestsWorkflow } from './push-manifests.ts';
import type { GuardedRegistry, SetUpRegistry } from './registry.ts';
import { strangersWorkflow } from './strangers.ts';

/** The four workflows of the distribution-spec's conformance, on one host. */
export function conformance(host: string, setUp: SetUpRegistry): void {
  describe(host, () => {
    pullWorkflow(setUp);
    pushBlobsWorkflow(setUp);
    pushManifestsWorkflow(setUp);
    discoveryWorkflow(setUp);
    managementWorkflow(setUp);
  });
}

/** The same by a client that logs in, and what the registry says to one that does not. */
export function guardedConformance(host: string, setUp: () => Promise<GuardedRegistry>): void {
  conformance(`${host}, where credentials are required`, setUp);
  describe(`${host}, where credentials are required`, () => {
    strangersWorkflow(setUp);
  });
}
