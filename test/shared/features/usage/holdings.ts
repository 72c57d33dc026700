import type { App } from '../../../../shared/app/app.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../../../shared/core/oci/media-types.ts';
import type { TestImage } from '../../image.ts';
import { ask, pushBlob, putManifest } from '../../image.ts';

interface ModelManifest {
  readonly bytes: number;
  readonly blobs: ReadonlySet<string>;
  readonly children: ReadonlySet<string>;
}

interface ModelRepository {
  readonly links: Set<string>;
  readonly manifests: Map<string, ModelManifest>;
  readonly tags: Map<string, string>;
}

export interface ModelSizes {
  readonly logicalBytes: number;
  readonly uniqueBytes: number;
  readonly sharedBytes: number;
  readonly freedBytes: number;
}

/**
 * Repositories as they should be, beside a registry that is asked for the same. Sizes are found here by trying: what is
 * left when it is gone?
 */
export class Holdings {
  readonly repositories = new Map<string, ModelRepository>();
  readonly #sizes = new Map<string, number>();
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  async upload(repository: string, bytes: Uint8Array): Promise<void> {
    const digest = await pushBlob(this.#app, repository, bytes);
    this.#sizes.set(digest, bytes.length);
    this.#of(repository).links.add(digest);
  }

  async push(repository: string, tag: string, image: TestImage): Promise<void> {
    const blobs = [image.config, ...image.layers];
    for (const blob of blobs) await this.upload(repository, blob);
    await this.#put(repository, tag, image, {
      bytes: image.bytes.length,
      blobs: new Set(blobs.map((blob) => digestOf(blob))),
      children: new Set(),
    });
  }

  async pushIndex(repository: string, tag: string, images: readonly TestImage[]): Promise<void> {
    const held = images.filter(({ digest }) => this.#of(repository).manifests.has(digest));
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: held.map((image) => ({
          digest: image.digest,
          mediaType: image.mediaType,
          size: image.bytes.length,
        })),
      }),
    );
    await this.#put(
      repository,
      tag,
      { bytes, mediaType: mediaTypes.ociIndex },
      { bytes: bytes.length, blobs: new Set(), children: new Set(held.map(({ digest }) => digest)) },
    );
  }

  async mount(from: string, to: string, bytes: Uint8Array): Promise<void> {
    const digest = digestOf(bytes);
    const answer = await ask(this.#app, 'POST', `/v2/${to}/blobs/uploads/?mount=${digest}&from=${from}`);
    if (answer.status === 201) this.#of(to).links.add(digest);
  }

  async delete(repository: string, reference: string): Promise<void> {
    const { manifests, tags } = this.#of(repository);
    const { status } = await ask(this.#app, 'DELETE', `/v2/${repository}/manifests/${reference}`);
    if (status !== 202) return;
    tags.delete(reference);
    if (manifests.delete(reference)) for (const [tag, digest] of tags) if (digest === reference) tags.delete(tag);
  }

  async deleteBlob(repository: string, bytes: Uint8Array): Promise<void> {
    const digest = digestOf(bytes);
    const { status } = await ask(this.#app, 'DELETE', `/v2/${repository}/blobs/${digest}`);
    if (status === 202) this.#of(repository).links.delete(digest);
  }

  /** Returns the bytes of all blobs that a repository may read. */
  held(repository: string): { uniqueBytes: number; sharedBytes: number } {
    const links = this.#of(repository).links;
    const uniqueBytes = this.#bytes([...links].filter((digest) => !this.#elsewhere(repository, digest)));
    return { uniqueBytes, sharedBytes: this.#bytes(links) - uniqueBytes };
  }

  sizesOf(repository: string, digest: string): ModelSizes {
    const { manifests, links } = this.#of(repository);
    const whole = new Set([digest]);
    for (const each of whole)
      for (const child of manifests.get(each)?.children ?? []) if (manifests.has(child)) whole.add(child);
    const blobs = this.#needed(repository, whole);
    const stored = [...blobs].filter((blob) => links.has(blob));
    const uniqueBytes = this.#freed(repository, whole);
    const own = [...whole].reduce((sum, each) => sum + (manifests.get(each)?.bytes ?? 0), 0);
    return {
      logicalBytes: this.#bytes(blobs) + own,
      uniqueBytes,
      sharedBytes: this.#bytes(stored) - uniqueBytes,
      freedBytes: this.#freed(repository, this.#fallWith(repository, digest)),
    };
  }

  sizesOfTag(repository: string, tag: string): ModelSizes {
    const { manifests, tags } = this.#of(repository);
    const digest = tags.get(tag) ?? '';
    const sizes = this.sizesOf(repository, digest);
    const kept =
      [...tags.values()].filter((each) => each === digest).length > 1 ||
      [...manifests.values()].some(({ children }) => children.has(digest));
    return kept ? { ...sizes, freedBytes: 0 } : sizes;
  }

  #fallWith(repository: string, digest: string): Set<string> {
    const { manifests, tags } = this.#of(repository);
    const [left, fallen, tagged] = [new Map(manifests), new Set<string>(), new Set(tags.values())];
    const fall = (each: string) => {
      const children = left.get(each)?.children ?? new Set<string>();
      if (!left.delete(each)) return;
      fallen.add(each);
      for (const child of children)
        if (!tagged.has(child) && ![...left.values()].some((parent) => parent.children.has(child))) fall(child);
    };
    fall(digest);
    return fallen;
  }

  #freed(repository: string, gone: ReadonlySet<string>): number {
    const { manifests, links } = this.#of(repository);
    const left = this.#needed(repository, new Set([...manifests.keys()].filter((digest) => !gone.has(digest))));
    return this.#bytes(
      [...this.#needed(repository, gone)].filter(
        (blob) => links.has(blob) && !left.has(blob) && !this.#elsewhere(repository, blob),
      ),
    );
  }

  #needed(repository: string, among: ReadonlySet<string>): Set<string> {
    return new Set([...among].flatMap((digest) => [...(this.#of(repository).manifests.get(digest)?.blobs ?? [])]));
  }

  #elsewhere(repository: string, digest: string): boolean {
    return [...this.repositories].some(([name, { links }]) => name !== repository && links.has(digest));
  }

  async #put(
    repository: string,
    tag: string,
    manifest: Pick<TestImage, 'bytes' | 'mediaType'>,
    model: ModelManifest,
  ): Promise<void> {
    const answer = await putManifest(this.#app, repository, tag, manifest);
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    const digest = digestOf(manifest.bytes);
    this.#of(repository).manifests.set(digest, model);
    this.#of(repository).tags.set(tag, digest);
  }

  #bytes(digests: Iterable<string>): number {
    return [...digests].reduce((sum, digest) => sum + (this.#sizes.get(digest) ?? 0), 0);
  }

  #of(repository: string): ModelRepository {
    const found = this.repositories.get(repository) ?? {
      links: new Set<string>(),
      manifests: new Map<string, ModelManifest>(),
      tags: new Map<string, string>(),
    };
    this.repositories.set(repository, found);
    return found;
  }
}
