import { describe } from 'vitest';
import { discoveryWorkflow } from './discovery.ts';
import { managementWorkflow } from './management.ts';
import { pullWorkflow } from './pull.ts';
import { pushBlobsWorkflow } from './push-blobs.ts';
import { pushManifestsWorkflow } from './push-manifests.ts';
import type { SetUpRegistry } from './registry.ts';

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
