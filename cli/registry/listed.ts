import { Failure } from '../failure.ts';
import type { Reference } from './address.ts';
import { nameOfImage } from './address.ts';
import type { Registry } from './registry.ts';

const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const;
const manifestTypes = [
  ...indexTypes,
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

const digestSyntax = /^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/;

/** The most manifests of one image; indexes of a whole distribution have fewer. */
const mostManifests = 500;

/** The manifests of an image, by their digests. */
export interface Manifests {
  readonly digest: string;
  /** Those that it lists, if it is an index, and that these list. */
  readonly children: readonly string[];
}

/**
 * Asks which manifest a reference names, and which ones that lists. A verdict is about one manifest, and a client pulls
 * an index and one of its images, so what is done to an image is done to all of them. The question is one of the data
 * plane, for those who sign and scan need not have a right of management.
 */
export async function manifestsOf(registry: Registry, image: Reference): Promise<Manifests> {
  const first = await manifestAt(registry, image.repository, image.digest ?? image.tag ?? '');
  if (first.digest === undefined)
    throw new Failure(`${registry.host} does not say which manifest ${nameOfImage(image)} is: run longshore doctor`);
  const seen = new Set<string>([first.digest]);
  let indexes = [first];
  while (indexes.length > 0) {
    const listed = indexes.flatMap(({ lists }) => lists).filter(({ digest }) => !seen.has(digest));
    for (const { digest } of listed) seen.add(digest);
    if (seen.size > mostManifests)
      throw new Failure(
        `${nameOfImage(image)} lists more than ${mostManifests} manifests: name one of them by its digest`,
      );
    indexes = [];
    for (const { digest } of listed.filter(({ isIndex }) => isIndex))
      indexes.push(await manifestAt(registry, image.repository, digest));
  }
  const [digest = '', ...children] = seen;
  return { digest, children };
}

interface Listed {
  readonly digest: string;
  readonly isIndex: boolean;
}

async function manifestAt(
  registry: Registry,
  repository: string,
  reference: string,
): Promise<{ readonly digest: string | undefined; readonly lists: readonly Listed[] }> {
  const path = `/v2/${repository}/manifests/${encodeURIComponent(reference)}`;
  const response = await registry.ask('GET', path, { accept: manifestTypes.join(', ') });
  const named = response.headers.get('docker-content-digest') ?? '';
  const digest = digestSyntax.test(named) ? named : undefined;
  const isIndex = indexTypes.some((type) => response.headers.get('content-type')?.startsWith(type));
  if (isIndex) return { digest, lists: listedIn(await response.text()) };
  await response.body?.cancel();
  return { digest, lists: [] };
}

function listedIn(text: string): Listed[] {
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch {
    return [];
  }
  const manifests = (index as { readonly manifests?: unknown } | null)?.manifests;
  if (!Array.isArray(manifests)) return [];
  return (manifests as ({ readonly digest?: unknown; readonly mediaType?: unknown } | null)[]).flatMap((each) =>
    typeof each?.digest === 'string' && digestSyntax.test(each.digest)
      ? [{ digest: each.digest, isIndex: indexTypes.some((type) => type === each.mediaType) }]
      : [],
  );
}
