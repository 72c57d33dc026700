/** A reference that somebody has typed or pasted. */
export interface Reference {
  readonly host?: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,128}$/i;
const hostPattern = /^(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|\[[0-9a-f:]+\])(?::\d+)?$|^[a-z0-9-]+:\d+$/i;

/** Strips what stands around a reference where people copy it from: a command, a scheme, quotes, `FROM`. */
function bare(text: string): string {
  return (
    text
      .trim()
      .replace(
        /^(?:(?:docker|podman|nerdctl|crane|oras|skopeo|helm)\s+(?:image\s+)?(?:pull|run|push|inspect|copy)\s+|from\s+|image:\s*)/i,
        '',
      )
      .replace(/^(?:--\S+\s+)*/, '')
      .replace(/^["'`]|["'`]$/g, '')
      .replace(/^(?:https?|docker|oci):\/\//i, '')
      .split(/\s/, 1)[0] ?? ''
  );
}

/** Parses `[host/]repository[:tag][@digest]`; `undefined` if a text is none. */
export function parseReference(text: string): Reference | undefined {
  const [named = '', digest, ...more] = bare(text).split('@');
  if (more.length > 0 || (digest !== undefined && !digestPattern.test(digest))) return undefined;
  const slash = named.indexOf('/');
  const first = slash === -1 ? '' : named.slice(0, slash);
  const host = hostPattern.test(first) ? first : undefined;
  const rest = host === undefined ? named : named.slice(slash + 1);
  const colon = rest.lastIndexOf(':');
  const tag = colon > rest.lastIndexOf('/') ? rest.slice(colon + 1) : undefined;
  const repository = tag === undefined ? rest : rest.slice(0, colon);
  if (repository.length > 255 || !repositoryPattern.test(repository)) return undefined;
  if (tag !== undefined && !tagPattern.test(tag)) return undefined;
  return {
    repository,
    ...(host === undefined ? {} : { host }),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest: digest.toLowerCase() }),
  };
}

/** Says where a search leads: an image, the tags of a repository, or the repositories that match. */
export type Destination =
  | { readonly to: 'image'; readonly repository: string; readonly reference: string }
  | { readonly to: 'tags'; readonly repository: string }
  | { readonly to: 'repositories'; readonly search: string };

export function destinationOf(text: string): Destination {
  const search = text.trim();
  if (digestPattern.test(search)) return { to: 'repositories', search };
  const found = parseReference(search);
  const reference = found?.digest ?? found?.tag;
  if (found !== undefined && reference !== undefined) return { to: 'image', repository: found.repository, reference };
  return found?.host === undefined ? { to: 'repositories', search } : { to: 'tags', repository: found.repository };
}

/** Writes a reference as clients take it. */
export function formatReference(repository: string, reference: string, host?: string): string {
  const name = host === undefined ? repository : `${host}/${repository}`;
  return `${name}${reference.includes(':') ? '@' : ':'}${reference}`;
}
