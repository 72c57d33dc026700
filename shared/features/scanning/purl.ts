import type { Finding } from './findings.ts';

/** A package URL (purl-spec), taken apart. */
export interface Purl {
  readonly type: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly qualifiers: ReadonlyMap<string, string>;
}

const longestPurl = 2_000;

/** Parses a package URL; `undefined` for a text that is none. A missing part is empty. */
export function parsePurl(text: string): Purl | undefined {
  if (text.length > longestPurl || !text.startsWith('pkg:')) return undefined;
  const [beforeSubpath = ''] = text.slice('pkg:'.length).split('#', 1);
  const [path, query] = splitOnce(beforeSubpath, '?');
  // A scope of npm begins with an @ of its own, so only one behind the last slash begins a version.
  const at = path.lastIndexOf('@') > path.lastIndexOf('/') ? path.lastIndexOf('@') : path.length;
  const parts = path.slice(0, at).split('/').filter(Boolean);
  const [type, ...names] = parts;
  if (type === undefined || names.length === 0) return undefined;
  try {
    const decoded = names.map(decodeURIComponent);
    return {
      type: type.toLowerCase(),
      namespace: decoded.slice(0, -1).join('/'),
      name: decoded.at(-1) ?? '',
      version: decodeURIComponent(path.slice(at + 1)),
      qualifiers: new Map(query.split('&').filter(Boolean).map(qualifierOf)),
    };
  } catch {
    // Only decodeURIComponent throws here, for a percent sign that encodes nothing.
    return undefined;
  }
}

function qualifierOf(text: string): readonly [string, string] {
  const [name, value] = splitOnce(text, '=');
  return [name.toLowerCase(), decodeURIComponent(value)];
}

function splitOnce(text: string, by: string): [string, string] {
  const at = text.indexOf(by);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + by.length)];
}

/**
 * Says whether a package URL names a finding's package. One without a version names all of them, and its qualifiers
 * must be among the package's. The scanner API's reports have no package URLs: then the name must be the same, with or
 * without the namespace, and the version.
 */
export function namesPackage(purl: Purl, { purl: own, package: name, version }: Finding): boolean {
  if (purl.version !== '' && own === undefined && purl.version !== version) return false;
  if (own === undefined) return namesOf(purl).includes(name);
  const other = parsePurl(own);
  return (
    other !== undefined &&
    purl.type === other.type &&
    purl.namespace === other.namespace &&
    comparable(purl) === comparable(other) &&
    (purl.version === '' || purl.version === other.version) &&
    [...purl.qualifiers].every(([key, value]) => other.qualifiers.get(key) === value)
  );
}

/** Python's names are the same in either case, and with dashes or underscores. */
function comparable({ type, name }: Purl): string {
  return type === 'pypi' ? name.toLowerCase().replaceAll('_', '-') : name;
}

function namesOf({ namespace, name }: Purl): string[] {
  return namespace === '' ? [name] : [name, `${namespace}/${name}`, `${namespace}:${name}`];
}

/** Returns the forms of a package URL that a pattern may mean: whole, without its qualifiers, without its version. */
export function formsOfPurl(text: string): string[] {
  const [plain = ''] = text.split(/[?#]/, 1);
  const at = plain.lastIndexOf('@');
  return [text, plain, ...(at > plain.lastIndexOf('/') ? [plain.slice(0, at)] : [])];
}
