/** The challenge of a registry in `WWW-Authenticate` (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** The scheme in lower case. */
  readonly scheme: string;
  /** The parameters by their names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** The longest challenge, in characters. A registry's has some hundred; a longer header is none. */
const longestChallenge = 4_096;

const schemeForm = /([A-Za-z]{1,50})[ \t]+/y;
const parameterForm = /[ \t,]*([\w!#$%&'*+.^`|~-]{1,100})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]*))/y;

/**
 * Parses the first challenge of the header; `undefined` if it has none. It is read from front to back and ends at the
 * first thing that is no parameter: a search for parameters anywhere in it would begin anew at every letter, and a
 * hostile registry could send letters alone.
 */
export function parseChallenge(header: string): Challenge | undefined {
  if (header.length > longestChallenge) return undefined;
  schemeForm.lastIndex = 0;
  const scheme = schemeForm.exec(header)?.[1];
  if (scheme === undefined) return undefined;
  const parameters = new Map<string, string>();
  for (let at = schemeForm.lastIndex; at < header.length; at = parameterForm.lastIndex) {
    parameterForm.lastIndex = at;
    const found = parameterForm.exec(header);
    if (found === null) break;
    const [, name = '', quoted, bare = ''] = found;
    if (!parameters.has(name.toLowerCase()))
      parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? bare);
  }
  return { scheme: scheme.toLowerCase(), parameters };
}
