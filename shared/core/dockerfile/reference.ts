import { DockerfileFault } from './fault.ts';

const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domain = new RegExp(String.raw`^(?:${label}(?:\.${label})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$`);
const path = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const tag = /^\w[\w.-]{0,127}$/;
const identifier = /^[a-f0-9]{64}$/;
const digestForm = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const digest = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/;

/** No valid reference is as long as this; the limit bounds what the patterns walk. */
const LONGEST = 4096;
const LONGEST_NAME = 255;

function splitDomain(name: string): readonly [string, string] {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isDomain = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
  const [host, rest] = isDomain
    ? [first === 'index.docker.io' ? 'docker.io' : first, name.slice(slash + 1)]
    : ['docker.io', name];
  return [host, host === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest];
}

interface Parts {
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

function partsOf(rest: string): Parts {
  const at = rest.indexOf('@');
  const named = at < 0 ? rest : rest.slice(0, at);
  const colon = named.indexOf(':');
  return {
    name: colon < 0 ? named : named.slice(0, colon),
    tag: colon < 0 ? undefined : named.slice(colon + 1),
    digest: at < 0 ? undefined : rest.slice(at + 1),
  };
}

/** Says whether a text is one of the digests that images have, of go-digest's algorithms. */
export function isDigest(text: string): boolean {
  return digest.test(text);
}

/**
 * Completes an image's reference as Docker means it: `alpine` is `docker.io/library/alpine:latest`; a digest stands for
 * itself, with or without a tag.
 *
 * @throws DockerfileFault in distribution's words
 */
export function normalReference(text: string): string {
  const invalid = (why: string): never => {
    throw new DockerfileFault(`failed to parse stage name ${JSON.stringify(text.slice(0, LONGEST))}: ${why}`);
  };
  if (identifier.test(text)) invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  const [host, rest] = splitDomain(text);
  const [remote = ''] = rest.split(':', 1);
  if (text.length <= LONGEST && remote.toLowerCase() !== remote)
    invalid(`invalid reference format: repository name (${remote}) must be lowercase`);
  const parts = partsOf(rest);
  const formed =
    text.length <= LONGEST &&
    domain.test(host) &&
    path.test(parts.name) &&
    (parts.tag === undefined || tag.test(parts.tag)) &&
    (parts.digest === undefined || digestForm.test(parts.digest));
  if (!formed) invalid('invalid reference format');
  if (parts.name.length > LONGEST_NAME) invalid(`repository name must not be more than ${LONGEST_NAME} characters`);
  if (parts.digest !== undefined && !isDigest(parts.digest)) invalid('invalid checksum digest format');
  const tagged =
    parts.tag === undefined && parts.digest === undefined ? ':latest' : parts.tag === undefined ? '' : `:${parts.tag}`;
  return `${host}/${parts.name}${tagged}${parts.digest === undefined ? '' : `@${parts.digest}`}`;
}
