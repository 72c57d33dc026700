import type { KeyObject } from 'node:crypto';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { jsonIn } from '../../../core/oci/json.ts';
import type { LogEntry } from './candidate.ts';
import { readPem } from './pem.ts';

const text = z.string().max(200_000);
const verifier = z.object({
  x509Certificate: z.object({ rawBytes: text }).optional(),
  publicKey: z.object({ rawBytes: text }).optional(),
});

/** Finds the signer, which each kind of entry has in another place. Versions 0.0.1 are the first log's, but for `intoto`. */
const bodies = z.union([
  z
    .object({
      kind: z.literal('hashedrekord'),
      spec: z.object({ signature: z.object({ publicKey: z.object({ content: text }) }) }),
    })
    .transform(({ spec }) => pemOf(spec.signature.publicKey.content)),
  z
    .object({ kind: z.literal('dsse'), spec: z.object({ signatures: z.tuple([z.object({ verifier: text })]) }) })
    .transform(({ spec }) => pemOf(spec.signatures[0].verifier)),
  z
    .object({
      kind: z.literal('intoto'),
      spec: z.object({
        content: z.object({ envelope: z.object({ signatures: z.tuple([z.object({ publicKey: text })]) }) }),
      }),
    })
    .transform(({ spec }) => pemOf(spec.content.envelope.signatures[0].publicKey)),
  z
    .object({
      kind: z.literal('hashedrekord'),
      spec: z.object({ hashedRekordV002: z.object({ signature: z.object({ verifier }) }) }),
    })
    .transform(({ spec }) => derOf(spec.hashedRekordV002.signature.verifier)),
  z
    .object({
      kind: z.literal('dsse'),
      spec: z.object({ dsseV002: z.object({ signatures: z.tuple([z.object({ verifier })]) }) }),
    })
    .transform(({ spec }) => derOf(spec.dsseV002.signatures[0].verifier)),
]);

interface Logged {
  readonly certificate?: Buffer;
  readonly publicKey?: Buffer;
}

function pemOf(base64: string): Logged {
  const block = readPem(Buffer.from(base64, 'base64').toString('latin1'));
  if (block?.label === 'CERTIFICATE') return { certificate: block.der };
  return block?.label === 'PUBLIC KEY' ? { publicKey: block.der } : {};
}

function derOf({ x509Certificate, publicKey }: z.infer<typeof verifier>): Logged {
  if (x509Certificate !== undefined) return { certificate: Buffer.from(x509Certificate.rawBytes, 'base64') };
  return publicKey === undefined ? {} : { publicKey: Buffer.from(publicKey.rawBytes, 'base64') };
}

function loggedIn(entry: LogEntry): Logged {
  const read = bodies.safeParse(jsonIn(entry.canonicalizedBody));
  return read.success ? read.data : {};
}

/**
 * Says whether an entry was made for this certificate. The library compares only what was signed: an entry with another
 * certificate of the same key would hide a stolen identity from its owner, who watches the log for it.
 */
export function logsCertificate(entry: LogEntry, certificate: Buffer): boolean {
  return loggedIn(entry).certificate?.equals(certificate) === true;
}

/** Says whether an entry was made for this key, bare or in a certificate. */
export function logsKey(entry: LogEntry, key: KeyObject): boolean {
  const { certificate, publicKey } = loggedIn(entry);
  try {
    if (certificate !== undefined) return new X509Certificate(certificate).publicKey.equals(key);
    return publicKey !== undefined && createPublicKey({ key: publicKey, format: 'der', type: 'spki' }).equals(key);
  } catch {
    return false;
  }
}
