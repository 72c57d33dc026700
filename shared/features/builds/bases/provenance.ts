import { z } from 'zod';
import { defined } from '../../../core/documents/defined.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { parseDigest } from '../../../core/oci/digest.ts';
import { jsonIn } from '../../../core/oci/json.ts';
import type { Manifest } from '../../../core/oci/manifest.ts';
import type { BuildPorts } from '../ports.ts';

/** The largest statement that is read, in bytes. Statements of large builds contain their whole graph. */
const maxStatementBytes = 4 * 1024 * 1024;

const materialSchema = z.object({ uri: z.string().max(4_096), digest: z.record(z.string(), z.string()).optional() });
/** SLSA provenance 0.2 has `materials`, 1.0 has `resolvedDependencies`. */
const statementSchema = z.object({
  predicate: z.object({
    materials: z.array(materialSchema).max(10_000).optional(),
    buildDefinition: z.object({ resolvedDependencies: z.array(materialSchema).max(10_000).optional() }).optional(),
  }),
});

/** An image that a builder states to have used. */
export interface Material {
  readonly reference: string;
  readonly digest?: Digest;
}

/**
 * The most materials that are read. A Dockerfile names some dozens of images at most, but the pusher of an image writes
 * its provenance, and may write any number.
 */
const mostMaterials = 200;

/**
 * Reads the materials that BuildKit wrote into an attestation manifest (moby/buildkit, docs/attestations); empty for
 * any other manifest.
 */
export async function materialsIn(
  { images }: Pick<BuildPorts, 'images'>,
  key: RepositoryKey,
  { layers }: Manifest,
): Promise<Material[]> {
  const statements = layers.filter(
    ({ annotations }) =>
      annotations?.['in-toto.io/predicate-type']?.startsWith('https://slsa.dev/provenance/') === true,
  );
  const found: Material[] = [];
  for (const { digest } of statements.slice(0, 4)) {
    const bytes = await images.readSmallBlob(key, digest, maxStatementBytes);
    if (bytes !== undefined) found.push(...materialsOf(Buffer.from(bytes).toString('utf8')));
    if (found.length >= mostMaterials) break;
  }
  return found.slice(0, mostMaterials);
}

export function materialsOf(text: string): Material[] {
  const { predicate } = statementSchema.safeParse(jsonIn(text)).data ?? {};
  const found = new Map<string, Material>();
  for (const { uri, digest } of [
    ...(predicate?.materials ?? []),
    ...(predicate?.buildDefinition?.resolvedDependencies ?? []),
  ]) {
    const material = imageIn(uri, digest?.sha256);
    if (material !== undefined) found.set(`${material.reference} ${material.digest ?? ''}`, material);
    if (found.size >= mostMaterials) break;
  }
  return [...found.values()];
}

/** The frontends that interpret a Dockerfile; they are no part of the image. */
const frontends = /^docker\/dockerfile(?:-upstream)?(?:$|[:@])/;

/** Parses the package URL of an image: `pkg:docker/alpine@3.20?platform=linux%2Famd64` (purl-spec, "docker"). */
function imageIn(uri: string, sha256: string | undefined): Material | undefined {
  if (!uri.startsWith('pkg:docker/')) return undefined;
  const [path = '', query = ''] = uri.slice('pkg:docker/'.length).split('?', 2);
  const decoded = decodedPath(path);
  if (decoded === undefined || frontends.test(decoded)) return undefined;
  const at = decoded.lastIndexOf('@');
  const [name, version] = at <= 0 ? [decoded, undefined] : [decoded.slice(0, at), decoded.slice(at + 1)];
  const digest = parseDigest(`sha256:${sha256 ?? ''}`) ?? parseDigest(new URLSearchParams(query).get('digest') ?? '');
  const pinned = version !== undefined && version.startsWith('sha256:');
  return {
    reference: `${name}${version === undefined ? '' : `${pinned ? '@' : ':'}${version}`}`,
    ...defined({ digest }),
  };
}

function decodedPath(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
