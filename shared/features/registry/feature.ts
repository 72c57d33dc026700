import { feature } from '../../core/feature/feature.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Caller } from '../../core/ports/authorize.ts';
import type { DeleteImages } from '../../core/ports/images.ts';
import type { CountBytes } from '../../core/ports/traffic.ts';
import { cancelledUploads } from './cancel-upload.ts';
import { respondCatalog } from './catalog.ts';
import { deleteManifest } from './delete-manifest.ts';
import { respondRegistry } from './http.ts';
import { imagesOf } from './images.ts';
import type { PulledTag, RegistryPorts } from './ports.ts';
import { readRegistrySettings, registrySettings } from './settings.ts';
import { SharedReads } from './shared-reads.ts';

interface Ports extends Omit<RegistryPorts, 'traffic' | 'tagReads' | 'cancelled'> {
  readonly registry: RegistryName;
  readonly metrics: CountBytes;
}

/** Answers the distribution API, which clients push to and pull from. */
export const registry = feature({
  name: 'registry',
  settings: registrySettings,
  read: readRegistrySettings,
  make(given: Ports) {
    const ports: RegistryPorts = {
      ...given,
      traffic: given.metrics,
      tagReads: new SharedReads<PulledTag>(),
      cancelled: cancelledUploads(),
    };
    const deleteImages: DeleteImages = {
      deleteImage: (key, reference, by, onlyIfAt) => deleteManifest(ports, key, reference, by, onlyIfAt),
    };
    return {
      gives: {
        images: imagesOf(ports),
        deleteImages,
        catalog: (caller: Caller, request: Request) => respondCatalog(ports, given.registry, caller, request),
        dataPlane: (request: Request, requestId: string) => respondRegistry(ports, given.registry, request, requestId),
      },
    };
  },
});
