/** A certificate or key in PEM may be so long. */
const longestPem = 100_000;

/** Reads the one block of a text in PEM; `undefined` when there is none, or more than one. */
export function readPem(text: string): { readonly label: string; readonly der: Buffer } | undefined {
  if (text.length > longestPem) return undefined;
  const block = /^-----BEGIN ([A-Z ]{1,30})-----\n([A-Za-z0-9+/=\r\n]+)-----END ([A-Z ]{1,30})-----$/.exec(
    text.trim().replaceAll('\r\n', '\n'),
  );
  if (block === null || block[1] !== block[3]) return undefined;
  const [, label = '', body = ''] = block;
  const der = Buffer.from(body, 'base64');
  return der.toString('base64') === body.replaceAll(/[\r\n]/g, '') ? { label, der } : undefined;
}
