import { usageFailure } from '../failure.ts';
import { harmless } from '../text/harmless.ts';

/** An image or a repository as somebody typed it. */
export interface Reference {
  /** The host that the text names; absent, the registry is meant that the command speaks to anyway. */
  readonly origin?: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const repositorySyntax = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagSyntax = /^\w[\w.-]{0,127}$/;
const digestSyntax = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/;

/**
 * Returns the origin of a registry that is given as a host or a URL. A host without a scheme is https, but for this
 * machine's own addresses: docker takes it so.
 */
export function originOf(text: string): string {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const host = hasScheme ? '' : (/^(\[[^\]]*\]|[^:/]+)/.exec(text)?.[1] ?? '');
  const scheme = loopback.test(host) ? 'http' : 'https';
  const shown = harmless(withoutUser(text));
  let url: URL;
  try {
    url = new URL(hasScheme ? text : `${scheme}://${text}`);
  } catch {
    throw usageFailure(
      `"${shown}" is no registry: give a host such as registry.example, or a URL such as http://127.0.0.1:5000`,
    );
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw usageFailure(`"${shown}" is no registry: its URL must begin with https:// or http://`);
  if (url.username !== '' || url.password !== '')
    throw usageFailure(
      `"${shown}" had credentials in it, which everybody on the machine can read: give the host alone, and run longshore login`,
    );
  if (!/^\/?(?:v2\/?|api\/v1\/?|ui(?:\/.*)?)?$/.test(url.pathname) || url.search !== '')
    throw usageFailure(`"${shown}" is no registry, because it has a path: give the host alone, such as ${url.origin}`);
  return url.origin;
}

/** Returns whether docker, too, takes the first part of a reference for a host. */
function isHost(part: string): boolean {
  return (/[.:]/.test(part) && /^[a-z0-9[]/i.test(part)) || part === 'localhost';
}

/**
 * Parses `team/app`, `team/app:1`, `team/app@sha256:…`, each with or without a host or a scheme before it. Throws a
 * usage failure that says what is wrong.
 */
export function parseReference(text: string): Reference {
  const [, scheme = '', rest = ''] = /^(?:(https?|docker|oci):\/\/)?(.*)$/s.exec(text) ?? [];
  const slash = rest.indexOf('/');
  const first = slash === -1 ? '' : rest.slice(0, slash);
  const hasHost = slash !== -1 && (isHost(first) || scheme !== '');
  const isUrl = scheme.startsWith('http');
  const origin = hasHost ? { origin: originOf(isUrl ? `${scheme}://${first}` : first) } : {};
  const path = hasHost ? rest.slice(slash + 1) : rest;
  const [named = '', digest, ...more] = path.split('@');
  const [, repository = '', tag] = /^(.*?)(?::([^:/]*))?$/s.exec(named) ?? [];
  const shown = harmless(text);
  if (!repositorySyntax.test(repository) || repository.length > 255)
    throw usageFailure(
      `"${shown}" names no repository: a name is lower-case letters and digits, with ., _, - and / between them, as in team/app`,
    );
  if (tag !== undefined && !tagSyntax.test(tag))
    throw usageFailure(
      `"${shown}" has no valid tag: a tag is up to 128 letters, digits, _, . and -, as in team/app:1.0`,
    );
  if (more.length > 0 || (digest !== undefined && !digestSyntax.test(digest)))
    throw usageFailure(`"${shown}" has no valid digest: it is written as in team/app@sha256:… with 64 digits`);
  return {
    ...origin,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Parses a repository; a tag or a digest behind it is a usage failure. */
export function parseRepository(text: string): Reference {
  const reference = parseReference(text);
  if (reference.tag === undefined && reference.digest === undefined) return reference;
  throw usageFailure(
    `"${harmless(text)}" is an image, and a repository is meant: leave out what follows ${reference.repository}`,
  );
}

/** Parses an image, with a tag or a digest. */
export function parseImage(text: string): Reference {
  const reference = parseReference(text);
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  throw usageFailure(
    `"${harmless(text)}" has no tag and no digest: say which image, as in ${reference.repository}:1.0`,
  );
}

/** Returns `repository:tag`, or `repository@digest`. */
export function nameOfImage({ repository, tag, digest }: Reference): string {
  if (digest !== undefined) return `${repository}@${digest}`;
  return tag === undefined ? repository : `${repository}:${tag}`;
}

/** Removes user and password from a URL, so that no message shows them. */
export function withoutUser(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1').replace(/^[^/@:]+:[^/@]*@(?=[^/]*(?:$|\/))/, '');
}
