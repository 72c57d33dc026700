/** Makes a strong entity tag of content that its digest names. */
export function entityTag(digest: string): string {
  return `"${digest}"`;
}

/**
 * Says whether the client has the content already: `If-None-Match` names the tag or any (RFC 9110, section 13.1.2; the
 * comparison is weak).
 */
export function isKnownToClient(headers: Headers, tag: string): boolean {
  const header = headers.get('if-none-match');
  if (header === null) return false;
  return header.split(',').some((each) => {
    const candidate = each.trim();
    return candidate === '*' || candidate === tag || candidate === `W/${tag}`;
  });
}

/**
 * Says whether `Range` counts: without `If-Range` it does, with one only for the same content (RFC 9110, section
 * 13.1.5; the comparison is strong).
 */
export function rangeApplies(headers: Headers, tag: string): boolean {
  const header = headers.get('if-range');
  return header === null || header.trim() === tag;
}
