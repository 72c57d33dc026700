import { startCosmosEmulator } from '../../emulators/cosmos/emulator.ts';
import { azureDocuments } from '../../shared/adapters/azure/documents.ts';
import { tagId, tagRef } from '../../shared/core/documents/manifest.ts';
import { tagPlaces } from '../../shared/core/documents/tag-row.ts';
import type { RegistryName, RepositoryName } from '../../shared/core/oci/name.ts';
import { maxChangesPerCommit } from '../../shared/core/ports/documents.ts';

/**
 * Gives more tags to the image of a tag, while the stack that has it is stopped: as copies of that tag's document. A push
 * of each, with all that follows from it, would take minutes and come to the same.
 */
export async function copyTag(
  state: string,
  repository: RepositoryName,
  tag: string,
  names: readonly string[],
): Promise<void> {
  const emulator = await startCosmosEmulator({ path: `${state}/cosmos.sqlite` });
  const documents = azureDocuments({ endpoint: emulator.endpoint, key: emulator.key, database: 'longshore' });
  try {
    const ref = tagRef({ registry: 'default' as RegistryName, repository }, tag);
    const template = (await documents.readDocument(ref))?.document;
    if (template === undefined) throw new Error(`there is no ${repository}:${tag}`);
    for (let from = 0; from < names.length; from += maxChangesPerCommit) {
      const changes = names.slice(from, from + maxChangesPerCommit).map((name) => ({
        do: 'create' as const,
        document: { ...template, id: tagId(name), name, ...tagPlaces(name, template.row as { bytes: number }) },
      }));
      const outcome = await documents.commitDocuments(ref.container, ref.partition, changes);
      if (!outcome.committed) throw new Error(`the tags could not be copied: ${outcome.because}`);
    }
  } finally {
    documents.dispose();
    await emulator.stop();
  }
}
