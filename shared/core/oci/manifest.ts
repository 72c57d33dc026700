import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { Descriptor } from './descriptor.ts';
import { annotationsSchema, descriptorSchema, withoutNulls } from './descriptor.ts';
import { RegistryError } from './faults.ts';
import { JsonOutOfBounds, parseJson } from './json.ts';
import type { ManifestMediaType } from './media-types.ts';
import { isIndexMediaType, isManifestMediaType, isSchema1, manifestMediaTypes } from './media-types.ts';

/**
 * The bytes that a manifest may have. Registries should accept at least 4 MiB (distribution-spec, "Pushing Manifests");
 * we and ACR accept just that.
 */
export const maxManifestBytes = 4 * 1024 * 1024;

/**
 * No image has so many descriptors in a list: a longer one is searched for its first fault before the whole is parsed.
 */
const longList = 1_000;

/** The parts of a manifest that the registry needs; its bytes are kept beside it, exactly as they came. */
export interface Manifest {
  readonly mediaType: ManifestMediaType;
  /**
   * The type that the referrers API lists: an image's own, else its config's media type (distribution-spec, "Listing
   * Referrers").
   */
  readonly artifactType: string | undefined;
  readonly subject: Descriptor | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  readonly manifests: readonly Descriptor[];
}

const shared = {
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().max(255).optional(),
  subject: descriptorSchema.nullish(),
  annotations: annotationsSchema.nullish(),
};

const imageSchema = z.looseObject({ ...shared, config: descriptorSchema, layers: z.array(descriptorSchema).nullish() });
const indexSchema = z.looseObject({ ...shared, manifests: z.array(descriptorSchema).nullish() });

/**
 * Parses and checks a pushed manifest. `contentType` is the request's header, where it has one. Throws `RegistryError`
 * (`manifest-invalid`, `too-large`) with a sentence that says what is wrong.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): Manifest {
  if (bytes.length > maxManifestBytes)
    throw new RegistryError({ is: 'too-large', what: 'manifest', limit: maxManifestBytes });
  const json = parseJsonObject(bytes, parseJson);
  return manifestOf(json, contentType);
}

/**
 * Parses a stored manifest. It was accepted by the rules of its day, which did not bound its depth. Throws
 * `RegistryError` (`manifest-invalid`).
 */
export function parseStoredManifest(bytes: Uint8Array, mediaType: ManifestMediaType): Manifest {
  return manifestOf(
    parseJsonObject(bytes, (stored) =>
      JSON.parse(Buffer.from(stored.buffer, stored.byteOffset, stored.length).toString('utf8')),
    ),
    mediaType,
  );
}

function manifestOf(parsed: object, contentType: string | undefined): Manifest {
  const json = withoutNulls(parsed) as object;
  requireDescriptors(json);
  const mediaType = agreedMediaType(json, contentType);
  return isIndexMediaType(mediaType) ? indexManifest(mediaType, json) : imageManifest(mediaType, json);
}

/** Refuses a long list at its first wrong descriptor: naming the faults of tens of thousands takes seconds. */
function requireDescriptors(json: object): void {
  for (const [name, list] of Object.entries(json)) {
    if (!['layers', 'manifests'].includes(name) || !Array.isArray(list) || list.length <= longList) continue;
    for (const [at, each] of list.entries()) check(descriptorSchema, each, [name, at]);
  }
}

function imageManifest(mediaType: ManifestMediaType, json: object): Manifest {
  // A document that is an image to one client and an index to another is an attack (CVE-2021-41190).
  if ('manifests' in json) throw invalid('an image manifest has no "manifests"');
  const image = check(imageSchema, json);
  return {
    ...common(image),
    mediaType,
    artifactType: typeNamed(image.artifactType) ?? image.config.mediaType,
    config: image.config,
    layers: image.layers ?? [],
    manifests: [],
  };
}

function indexManifest(mediaType: ManifestMediaType, json: object): Manifest {
  if ('layers' in json || 'config' in json) throw invalid('an index has neither "config" nor "layers"');
  const index = check(indexSchema, json);
  return {
    ...common(index),
    mediaType,
    artifactType: typeNamed(index.artifactType),
    config: undefined,
    layers: [],
    manifests: index.manifests ?? [],
  };
}

/** An empty artifactType counts as none (image-spec, manifest.md). */
function typeNamed(artifactType: string | undefined): string | undefined {
  return artifactType === '' ? undefined : artifactType;
}

function common(parsed: {
  subject?: Descriptor | null | undefined;
  annotations?: Record<string, string> | null | undefined;
}) {
  return { subject: parsed.subject ?? undefined, annotations: parsed.annotations ?? undefined };
}

/**
 * Returns the blobs that a repository must hold for a manifest. Layers that must not be distributed are fetched from
 * their `urls` (image-spec, layer.md, "Non-Distributable Layers").
 */
export function requiredBlobs(manifest: Pick<Manifest, 'config' | 'layers'>): Descriptor[] {
  const layers = manifest.layers.filter((layer) => !/nondistributable|\.foreign\./.test(layer.mediaType));
  return manifest.config === undefined ? layers : [manifest.config, ...layers];
}

/** Makes the refusal of a manifest that is nested too deep, or too long. */
export function manifestOutOfBounds({ allowed }: JsonOutOfBounds): RegistryError {
  return invalid(`the manifest is ${allowed}`);
}

function parseJsonObject(bytes: Uint8Array, parse: (bytes: Uint8Array) => unknown): object {
  // Manifests are stored as text, so only bytes that survive a conversion to text and back are accepted.
  if (!isUtf8(bytes)) throw invalid('the manifest is not UTF-8');
  let json: unknown;
  try {
    json = parse(bytes);
  } catch (error) {
    if (error instanceof JsonOutOfBounds) throw manifestOutOfBounds(error);
    throw invalid(`the manifest is not JSON: ${(error as Error).message}`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw invalid('the manifest is not a JSON object');
  return json;
}

/**
 * Returns the media type. Header and property must name the same type when both are there (image-spec, manifest.md,
 * `mediaType`).
 */
function agreedMediaType(json: object, contentType: string | undefined): ManifestMediaType {
  const stated =
    'mediaType' in json && typeof json.mediaType === 'string' && json.mediaType !== '' ? json.mediaType : undefined;
  const header = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  const sent = header === '' ? undefined : header;
  if (isSchema1(sent ?? '') || ('schemaVersion' in json && json.schemaVersion === 1)) {
    throw invalid(
      'Docker schema 1 manifests are not accepted: push the image again with Docker 1.10 or newer, or convert it ' +
        'with "skopeo copy --format oci"',
    );
  }
  if (stated !== undefined && sent !== undefined && stated !== sent)
    throw invalid(`Content-Type is ${sent}, but the manifest says it is ${stated}`);
  const mediaType = sent ?? stated;
  if (mediaType === undefined)
    throw invalid(
      `neither Content-Type nor mediaType says the type of the manifest; allowed are ${manifestMediaTypes.join(', ')}`,
    );
  if (!isManifestMediaType(mediaType))
    throw invalid(`${mediaType} is not a manifest type; allowed are ${manifestMediaTypes.join(', ')}`);
  return mediaType;
}

/** At most so many faults of a manifest are named: it may have thousands. */
const namedIssues = 10;

function check<T>(schema: z.ZodType<T>, json: unknown, at: readonly (string | number)[] = []): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw invalid(
    result.error.issues
      .slice(0, namedIssues)
      .map((issue) => `${[...at, ...issue.path].join('.') || 'manifest'}: ${issue.message}`)
      .join('; '),
  );
}

function invalid(why: string): RegistryError {
  return new RegistryError({ is: 'manifest-invalid', why });
}
