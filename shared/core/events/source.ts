import type { RegistryName } from '../oci/name.ts';
import { isRegistryName } from '../oci/name.ts';
import type { VersionedDocument } from '../ports/documents.ts';

interface WithSource {
  readonly settings: {
    readonly eventSource: string;
    /** Absent where the deployment has one registry. */
    readonly sourceOf?: ((registry?: RegistryName) => string) | undefined;
  };
}

/** Returns the ports with the registry of a document as the source of events: one timer works for all registries. */
export function inNameOf<P extends WithSource>(ports: P, { document: { registry } }: VersionedDocument): P {
  const { sourceOf } = ports.settings;
  if (sourceOf === undefined || typeof registry !== 'string' || !isRegistryName(registry)) return ports;
  return { ...ports, settings: { ...ports.settings, eventSource: sourceOf(registry) } };
}
