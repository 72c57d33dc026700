/** A key in PEM begins and ends with these lines; between them is Base64. */
const block = /-----BEGIN ([A-Z0-9 ]{1,40})-----[A-Za-z0-9+/=\s]*-----END \1-----/g;

/**
 * Reads the public keys in what somebody has pasted or dropped. Throws where a private key is among them, which must not
 * leave this machine, and where there is anything else.
 */
export function publicKeysIn(text: string): string[] {
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text))
    throw new Error('This is a private key: it has not been sent. Give the public one, which cosign calls cosign.pub.');
  const keys: string[] = [];
  const rest = text.replace(block, (key, kind: string) => {
    keys.push(kind === 'PUBLIC KEY' || kind === 'RSA PUBLIC KEY' ? `${key.trim()}\n` : '');
    return '';
  });
  if (keys.includes('')) throw new Error('Only public keys count here, which begin with -----BEGIN PUBLIC KEY-----.');
  if (keys.length === 0 || rest.trim() !== '')
    throw new Error('Give public keys in PEM, from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----.');
  return keys;
}
