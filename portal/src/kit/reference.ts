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

const tools = new Set(['docker', 'podman', 'nerdctl', 'crane', 'oras', 'skopeo', 'helm']);
const nouns = new Set(['image', 'artifact', 'manifest']);
const verbs = new Set(['pull', 'run', 'push', 'inspect', 'copy', 'manifest']);
/** Stand before a reference in a Dockerfile and in YAML. */
const keywords = new Set(['from', 'image:']);

/** Strips the words around a reference where people copy it from: a prompt, a command with its flags, `FROM`. */
function bareWords(text: string): string[] {
  const words = text.trim().split(/\s+/);
  const firstIs = (set: ReadonlySet<string>) => words.length > 1 && set.has(words[0]?.toLowerCase() ?? '');
  while (firstIs(new Set(['$', '#', 'sudo', '-']))) words.shift();
  if (firstIs(keywords)) words.shift();
  else if (firstIs(tools)) {
    const [, second = '', third = ''] = words;
    const taken = verbs.has(third) && nouns.has(second) ? 3 : verbs.has(second) ? 2 : 0;
    words.splice(0, taken);
  }
  while (words.length > 1 && words[0]?.startsWith('-') === true) words.shift();
  return words;
}

/** Strips quotes and a scheme. */
function bare(word: string): string {
  return word.replace(/^["'`]|["'`]$/g, '').replace(/^(?:https?|docker|oci):\/\//i, '');
}

/** Returns the tag that a version of a chart stands for: helm takes it apart from the name. */
function versionIn(words: readonly string[]): string | undefined {
  const at = words.indexOf('--version');
  return at === -1 ? undefined : words[at + 1]?.replaceAll('+', '_');
}

/** Parses `[host/]repository[:tag][@digest]`; `undefined` if a text is none. */
export function parseReference(text: string): Reference | undefined {
  const words = bareWords(text);
  const [named = '', digest, ...more] = bare(words[0] ?? '').split('@');
  if (more.length > 0 || (digest !== undefined && !digestPattern.test(digest))) return undefined;
  const slash = named.indexOf('/');
  const first = slash === -1 ? '' : named.slice(0, slash);
  const host = hostPattern.test(first) ? first : undefined;
  const rest = host === undefined ? named : named.slice(slash + 1);
  const colon = rest.lastIndexOf(':');
  const written = colon > rest.lastIndexOf('/') ? rest.slice(colon + 1) : undefined;
  const repository = written === undefined ? rest : rest.slice(0, colon);
  const tag = written ?? (digest === undefined ? versionIn(words) : undefined);
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
