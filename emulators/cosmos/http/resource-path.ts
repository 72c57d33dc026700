import { badRequest } from '../refusal.ts';

/** A request's path, and what its signature calls it. */
export interface ResourcePath {
  /** Decoded. */
  readonly segments: readonly string[];
  /** The kind of the last resource: 'dbs', 'colls', 'docs' …; '' for the account. */
  readonly type: string;
  /** The resource itself, or the parent of a feed. */
  readonly link: string;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest('The request URL is not well-formed.');
  }
}

/** Kinds and ids alternate: an even path names a resource, an odd one the feed under it. */
export function parsePath(url: string): ResourcePath {
  const path = url.split('?', 1)[0] ?? '';
  const segments = path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decode);
  const isFeed = segments.length % 2 === 1;
  const type = segments.at(isFeed ? -1 : -2) ?? '';
  return { segments, type, link: segments.slice(0, isFeed ? -1 : undefined).join('/') };
}
