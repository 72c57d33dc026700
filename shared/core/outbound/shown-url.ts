/** What stands for what is not shown. */
export const hidden = '******';

/**
 * A URL that somebody posts to, for who reads of it: its origin. Slack, Teams, Discord, Azure's Logic Apps and many
 * more have their credential in path or query, and no pattern tells a word from a short one.
 */
export function shownUrl(text: string): string {
  if (!URL.canParse(text)) return hidden;
  const { origin, pathname, search, username, password } = new URL(text);
  const isOriginAlone = pathname === '/' && search === '' && username === '' && password === '';
  return isOriginAlone ? text : `${origin}/${hidden}`;
}

/**
 * A URL as it is meant: what was read can be sent back, and keeps what is there. `undefined` for one that is masked,
 * and is not how the present one is shown.
 */
export function meantUrl(given: string, before: string | undefined): string | undefined {
  if (!given.includes(hidden)) return given;
  return before !== undefined && given === shownUrl(before) ? before : undefined;
}

/** A URL whose path is no secret, as of a repository: only user and password are. */
export function withoutUser(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  if (url.username === '' && url.password === '') return text;
  [url.username, url.password] = ['', ''];
  return url.href;
}

/**
 * What a receiver may repeat of a request: of the URL what `shownUrl` hides, and credentials of headers. Shorter parts
 * are words, and would hide half of a text.
 */
const shortest = 6;

/**
 * A text of a receiver without what is secret of the request that it answers: error pages repeat paths, and test
 * servers all of it.
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
