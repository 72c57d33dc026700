import { DockerfileFault } from '../../../core/dockerfile/fault.ts';
import { normalReference } from '../../../core/dockerfile/reference.ts';
import { defined } from '../../../core/documents/defined.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { parseDigest } from '../../../core/oci/digest.ts';
import type { RegistryName, RepositoryName, Tag } from '../../../core/oci/name.ts';
import { isRepositoryName, isTag } from '../../../core/oci/name.ts';
import { isSameHost } from '../loopback.ts';

/**
 * An image as a Dockerfile or an annotation names it: of this registry, or of another. A digest takes precedence over a
 * tag.
 */
export interface BaseReference {
  /** The base: `own:default:team/base`, `docker.io/library/alpine`. */
  readonly base: string;
  readonly tag?: Tag | undefined;
  readonly digest?: Digest | undefined;
}

export function ownBase(registry: RegistryName, repository: RepositoryName): string {
  return `own:${registry}:${repository}`;
}

/** Returns the repository of this registry that a base is; `undefined` for one of another registry. */
export function ownRepository(registry: RegistryName, base: string): RepositoryName | undefined {
  const name = base.startsWith(`own:${registry}:`) ? base.slice(`own:${registry}:`.length) : '';
  return isRepositoryName(name) ? name : undefined;
}

/** The longest DNS name, and a port. */
const longestHost = 253 + 6;

/** Parses a reference to an image; `undefined` for a text that is none. */
export function baseReference(
  text: string,
  registry: RegistryName,
  ownHosts: readonly string[],
): BaseReference | undefined {
  const normal = normalized(text);
  if (normal === undefined) return undefined;
  const slash = normal.indexOf('/');
  const host = normal.slice(0, slash);
  // The form of a reference lets through more than a host that can be called, or that can be part of a document's id.
  if (host.length > longestHost || !URL.canParse(`https://${host}`)) return undefined;
  const [named = '', digestText] = normal.slice(slash + 1).split('@', 2);
  const [path = '', tagText] = named.split(':', 2);
  const digest = digestText === undefined ? undefined : parseDigest(digestText);
  if (digestText !== undefined && digest === undefined) return undefined;
  const base =
    ownHosts.some((own) => isSameHost(own, host)) && isRepositoryName(path)
      ? ownBase(registry, path)
      : `${host}/${path}`;
  return {
    base,
    ...defined({ tag: tagText !== undefined && isTag(tagText) ? tagText : undefined, digest }),
  };
}

function normalized(text: string): string | undefined {
  try {
    return normalReference(text);
  } catch (error) {
    if (error instanceof DockerfileFault) return undefined;
    throw error;
  }
}

/** Returns the names of this registry that an image confirms: one of its bases was named by them. */
export function hostsSaid(bases: readonly { readonly base: string; readonly said?: string | undefined }[]): string[] {
  const own = bases.flatMap(({ base, said }) =>
    base.startsWith('own:') && said !== undefined ? (normalized(said)?.split('/', 1) ?? []) : [],
  );
  return [...new Set(own)];
}

/** Writes a reference as people do. */
export function shownReference({ base, tag, digest }: BaseReference): string {
  const name = base.startsWith('own:') ? base.split(':').slice(2).join(':') : base;
  return `${name}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
