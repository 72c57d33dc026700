import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';

export interface Described {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** An OCI image layout in a folder, which skopeo reads as `oci:FOLDER:NAME`. */
export class OciLayout {
  readonly #folder: string;
  readonly #named: object[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  async blob(bytes: Uint8Array, mediaType: string): Promise<Described> {
    const digest = digestOf(bytes);
    await mkdir(join(this.#folder, 'blobs', 'sha256'), { recursive: true });
    await writeFile(join(this.#folder, 'blobs', 'sha256', digest.slice('sha256:'.length)), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  /** `extra` goes into the manifest. */
  async image(layers: readonly Uint8Array[], extra: object = {}, architecture = 'amd64'): Promise<Described> {
    const stored = await Promise.all(layers.map((layer) => this.blob(layer, 'application/vnd.oci.image.layer.v1.tar')));
    const config = {
      architecture,
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: stored.map(({ digest }) => digest) },
      extra,
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: await this.blob(Buffer.from(JSON.stringify(config)), 'application/vnd.oci.image.config.v1+json'),
      layers: stored,
      ...extra,
    };
    return this.blob(Buffer.from(JSON.stringify(manifest)), mediaTypes.ociManifest);
  }

  async index(children: readonly { readonly image: Described; readonly architecture: string }[]): Promise<Described> {
    const manifests = children.map(({ image, architecture }) => ({
      ...image,
      platform: { architecture, os: 'linux' },
    }));
    return this.blob(
      Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })),
      mediaTypes.ociIndex,
    );
  }

  async name(described: Described, name: string): Promise<void> {
    this.#named.push({ ...described, annotations: { 'org.opencontainers.image.ref.name': name } });
    await writeFile(join(this.#folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    await writeFile(
      join(this.#folder, 'index.json'),
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: this.#named }),
    );
  }
}
