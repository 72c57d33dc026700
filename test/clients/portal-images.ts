import { createHash } from 'node:crypto';

/** Strings that would run, hide or turn something around if a page took them for more than text. */
export const hostile = {
  label: '<script>globalThis.struck = true</script><img src=x onerror="globalThis.struck = true">',
  turned: 'safe\u202egnp.exe',
};

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  empty: 'application/vnd.oci.empty.v1+json',
  signature: 'application/vnd.dev.cosign.artifact.sig.v1+json',
} as const;

function described(mediaType: string, bytes: Buffer): Descriptor {
  return { mediaType, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length };
}

/** Pushes what the pages show, as clients do: blobs first, then manifests. */
export class Pusher {
  readonly #url: string;
  readonly #repository: string;

  constructor(url: string, repository: string) {
    this.#url = `${url}/v2/${repository}`;
    this.#repository = repository;
  }

  async #blob(mediaType: string, bytes: Buffer): Promise<Descriptor> {
    const descriptor = described(mediaType, bytes);
    const begun = await fetch(`${this.#url}/blobs/uploads/`, { method: 'POST' });
    const place = new URL(begun.headers.get('location') ?? '', this.#url);
    place.searchParams.set('digest', descriptor.digest);
    const ended = await fetch(place, { method: 'PUT', body: new Uint8Array(bytes) });
    if (ended.status !== 201) throw new Error(`${this.#repository}: a blob was answered with ${ended.status}`);
    return descriptor;
  }

  async #manifest(mediaType: string, content: object, reference?: string): Promise<Descriptor> {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...content }));
    const descriptor = described(mediaType, bytes);
    const answer = await fetch(`${this.#url}/manifests/${reference ?? descriptor.digest}`, {
      method: 'PUT',
      body: new Uint8Array(bytes),
      headers: { 'content-type': mediaType },
    });
    if (answer.status !== 201) throw new Error(`${this.#repository}: ${answer.status} ${await answer.text()}`);
    return descriptor;
  }

  /** An image whose config says all that a page shows; `layer` is the size of the layer that is its own, in bytes. */
  async image(
    version: string,
    {
      tag,
      architecture = 'amd64',
      layer = 9_000,
    }: { readonly tag?: string; readonly architecture?: string; readonly layer?: number } = {},
  ): Promise<Descriptor> {
    const base = await this.#blob(types.layer, Buffer.from(`the base of all of them ${'x'.repeat(40_000)}`));
    const own = await this.#blob(types.layer, Buffer.from(`${architecture} ${version} ${'y'.repeat(layer)}`));
    const config = {
      os: 'linux',
      architecture,
      created: '2026-11-01T10:00:00Z',
      config: {
        Entrypoint: ['/app', '--serve'],
        Env: [`VERSION=${version}`, 'PATH=/bin'],
        ExposedPorts: { '8080/tcp': {} },
        Labels: {
          'org.example.version': version,
          'org.example.text': hostile.label,
          'org.example.turned': hostile.turned,
        },
      },
      rootfs: { type: 'layers', diff_ids: [base.digest, own.digest] },
      history: [
        { created_by: '/bin/sh -c #(nop) ADD file:base in /' },
        { created_by: `RUN /bin/sh -c make ${version} # buildkit` },
        { created_by: 'ENTRYPOINT ["/app" "--serve"]', empty_layer: true },
      ],
    };
    const described = await this.#blob(types.config, Buffer.from(JSON.stringify(config)));
    return this.#manifest(types.manifest, { config: described, layers: [base, own] }, tag);
  }

  /** Points more tags at a manifest that is there, one after the other. */
  async tags({ mediaType, digest }: Descriptor, tags: readonly string[]): Promise<void> {
    const found = await fetch(`${this.#url}/manifests/${digest}`, { headers: { accept: mediaType } });
    const content = (await found.json()) as object;
    for (const tag of tags) await this.#manifest(mediaType, content, tag);
  }

  /** An index of two platforms, and an attestation as BuildKit lists it. */
  async index(version: string, tag: string): Promise<Descriptor> {
    const [amd64, arm64] = [await this.image(version), await this.image(version, { architecture: 'arm64' })];
    const attestation = await this.#attestation(amd64);
    return this.#manifest(
      types.index,
      {
        manifests: [
          { ...amd64, platform: { os: 'linux', architecture: 'amd64' } },
          { ...arm64, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
          {
            ...attestation,
            platform: { os: 'unknown', architecture: 'unknown' },
            annotations: {
              'vnd.docker.reference.type': 'attestation-manifest',
              'vnd.docker.reference.digest': amd64.digest,
            },
          },
        ],
      },
      tag,
    );
  }

  async #attestation(of: Descriptor): Promise<Descriptor> {
    const config = await this.#blob(types.config, Buffer.from('{"os":"unknown","architecture":"unknown"}'));
    const layer = await this.#blob('application/vnd.in-toto+json', Buffer.from(JSON.stringify({ subject: of.digest })));
    const predicate = { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1' };
    return this.#manifest(types.manifest, { config, layers: [{ ...layer, annotations: predicate }] });
  }

  /** A signature as cosign pushes one by its subject. */
  async signature(subject: Descriptor): Promise<Descriptor> {
    const empty = await this.#blob(types.empty, Buffer.from('{}'));
    return this.#manifest(types.manifest, { artifactType: types.signature, config: empty, layers: [empty], subject });
  }
}
