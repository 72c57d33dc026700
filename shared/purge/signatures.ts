import type { Cause } from '../events/envelope.ts';
import { publishCommitted } from '../events/outbox.ts';
import { deleteEvents } from '../events/delete-events.ts';
import type { Digest } from '../oci/digest.ts';
import { aboutIn, aboutName, tagsAbout } from '../state/about.ts';
import { allows } from '../state/attributes.ts';
import { binnedTagSchema } from '../state/bin.ts';
import type { BinnedDocument } from '../state/bin.ts';
import { untilUncontended } from '../state/contention.ts';
import { guardedManifest, guardedTag, manifestDocumentSchema, manifestRef, tagDocumentSchema } from '../state/manifest.ts';
import { partitionOf } from '../state/names.ts';
import type { RepositoryKey } from '../state/names.ts';
import { parseStored, readStored } from '../state/stored.ts';
import { keeperOf } from './kept.ts';
import { moveInto, tagsAtOnce } from './move.ts';
import type { StorePorts } from './ports.ts';
import { bringBack, bringTagsBack } from './restore.ts';
import { settle } from './settle.ts';

/** What is about a manifest by the names of its tags goes along with it, as its referrers do: signatures, attestations, the fallback's index. Gives whether anything went. */
export async function takeSignatures(ports: StorePorts, key: RepositoryKey, from: BinnedDocument, cause: Cause): Promise<boolean> {
  let changed = false;
  for (const digest of new Set((await tagsAbout(ports.documents, key, from.digest)).map((tag) => tag.digest))) changed = (await takeSignature(ports, key, from, digest, cause)) || changed;
  return changed;
}

async function takeSignature(ports: StorePorts, key: RepositoryKey, from: BinnedDocument, digest: Digest, cause: Cause): Promise<boolean> {
  const name = aboutName(from.digest);
  const taking = { ...from.recycled, recycledAt: ports.clock.now().toISOString(), dueAt: from.dueAt };
  const taken = await untilUncontended(`${key.repository}@${digest}`, async () => {
    const manifest = await readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest));
    const subject = await ports.documents.readDocument(manifestRef(key, from.digest));
    if (manifest === undefined || subject !== undefined) return 'stays';
    const [container, partition] = ['repositories' as const, partitionOf(key)];
    const page = await ports.documents.queryDocuments({ container, partition, where: [{ path: 'type', is: '=', value: 'tag' }, { path: 'digest', is: '=', value: digest }], limit: tagsAtOnce });
    const tags = page.documents.map((each) => parseStored(tagDocumentSchema, each, { container, partition }));
    // A tag of another kind, or about another manifest, keeps it.
    if (page.continuation !== undefined || tags.some(({ document }) => aboutIn(document.name) !== name)) return 'stays';
    if (!allows('delete', [guardedManifest(manifest.document), ...tags.map(({ document }) => guardedTag(document))])) return 'stays';
    const keeper = await keeperOf(ports, key, manifest.document);
    if (keeper !== undefined && keeper !== 'tag') return 'stays';
    return moveInto(ports, { key, taking, cause, told: deleteEvents(ports, key, cause) }, { manifests: [{ ...manifest, asked: false }], tags: tags.map((tag) => ({ ...tag, asked: false })) });
  });
  if (taken === 'stays') return false;
  await publishCommitted(ports, key, taken);
  await settle(ports, key, digest, cause);
  return true;
}

/** Brings back what went along so, with its tags. Gives whether anything came. */
export async function bringSignaturesBack(ports: StorePorts, key: RepositoryKey, subject: Digest, cause: Cause): Promise<boolean> {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  let changed = false;
  let continuation: string | undefined;
  do {
    const page = await ports.documents.queryDocuments({ container, partition, where: [{ path: 'type', is: '=', value: 'binned-tag' }, { path: 'about', is: '=', value: aboutName(subject) }], limit: 100, ...(continuation === undefined ? {} : { continuation }) });
    for (const found of page.documents) {
      const { name, digest, recycled } = parseStored(binnedTagSchema, found, { container, partition }).document;
      // Somebody asked for it by name, or it is a referrer's, which keeps its tag to itself.
      if (recycled.asked || aboutIn(name) === undefined) continue;
      changed = (await bringBack(ports, key, digest, cause)) || changed;
      changed = (await bringTagsBack(ports, key, digest, recycled.group, cause)) || changed;
    }
    continuation = page.continuation;
  } while (continuation !== undefined);
  return changed;
}
