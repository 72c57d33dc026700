/** This text stands in place of a secret. */
export const hidden = '******';

/**
 * Shows a webhook's URL without its secrets: only the origin is left. Slack, Teams, Discord, Azure's Logic Apps and
 * many more put their credential into the path or the query, and no pattern tells a word from a short credential.
 */
export function shownUrl(text: string): string {
  if (!URL.canParse(text)) return hidden;
  const { origin, pathname, search, username, password } = new URL(text);
  const isOriginAlone = pathname === '/' && search === '' && username === '' && password === '';
  return isOriginAlone ? text : `${origin}/${hidden}`;
}

/**
 * Reads back a URL that was shown by `shownUrl`: a masked one that equals how the present URL is shown stands for the
 * present URL. Returns `undefined` for any other masked URL.
 */
export function meantUrl(given: string, before: string | undefined): string | undefined {
  if (!given.includes(hidden)) return given;
  return before !== undefined && given === shownUrl(before) ? before : undefined;
}

/** Removes user and password from a URL whose path is no secret, such as a repository's. */
export function withoutUser(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  if (url.username === '' && url.password === '') return text;
  [url.username, url.password] = ['', ''];
  return url.href;
}

/**
 * Secrets have at least this many characters: shorter parts of a URL or a credential are words, and would hide half of
 * a text.
 */
const shortest = 6;

/**
 * Removes from a receiver's answer the secrets of the request that it answers, which are the parts of the URL that
 * `shownUrl` hides and the credentials in headers: error pages repeat paths, and test servers repeat everything.
 */
export function withoutSecretsOf(
  text: string,
  { url, credentials }: { readonly url: string; readonly credentials: readonly string[] },
): string {
  const { pathname, search, searchParams } = new URL(url);
  const ofUrl =
    pathname === '/' && search === '' ? [] : [pathname + search, ...pathname.split('/'), ...searchParams.values()];
  const parts = [...ofUrl, ...credentials.flatMap((each) => [each, ...each.split(/\s+/)])].flatMap((each) => [
    each,
    decoded(each),
  ]);
  const all = [...new Set(parts)].filter((each) => each.length >= shortest).toSorted((a, b) => b.length - a.length);
  return all.reduce((left, each) => left.replaceAll(each, hidden), text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
