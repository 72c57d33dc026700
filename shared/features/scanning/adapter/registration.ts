import { z } from 'zod';
import { namePattern, nameSyntax } from '../../../core/rules/name.ts';

const secret = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,127}$/, 'must be the name of a secret: 1 to 127 letters, digits and dashes')
  .describe('The name of the secret that holds it; the value is never kept here.');

const authenticationSchema = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('none') }),
    z.strictObject({
      type: z.literal('basic'),
      username: z
        .string()
        .min(1)
        .max(200)
        .regex(/^[^:\u0000-\u001f\u007f]+$/, 'must not contain a colon or control characters')
        .describe('The user name of basic authentication.'),
      secret,
    }),
    z.strictObject({ type: z.literal('bearer'), secret }),
    z.strictObject({ type: z.literal('apiKey'), secret }),
  ])
  .default({ type: 'none' });

/** A registered scanner, as a user writes it: an adapter that speaks the pluggable scanner API. */
export const scannerRegistrationSchema = z.strictObject({
  name: z.string().regex(namePattern, nameSyntax).describe('The name of the scanner, which verdicts show.'),
  url: z
    .string()
    .max(1_000)
    .refine(isBase, 'must be an http or https URL without user, query or fragment, to which /api/v1 is added')
    .describe('The URL of the adapter, to which /api/v1 is added.'),
  authentication: authenticationSchema.describe('The way in which the registry proves itself to the adapter.'),
  requestSeconds: z.int().min(1).max(120).default(30).describe('The seconds that one request to the adapter may take.'),
  scanMinutes: z
    .int()
    .min(1)
    .max(240)
    .default(30)
    .describe('The minutes after which a scan that has no report has failed.'),
  capabilities: z
    .array(z.enum(['vulnerability', 'sbom']))
    .min(1)
    .max(2)
    .default(['vulnerability'])
    .describe('The capabilities of the scanner that the registry uses.'),
});
export type ScannerRegistration = z.infer<typeof scannerRegistrationSchema>;

/** The name of the header for keys, which is the one of Harbor's scanners. */
const apiKeyHeader = 'X-ScannerAdapter-API-Key';

/** A scanner that can be asked: where it is, with the headers that prove the registry to it. */
export interface ScannerTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

function isBase(text: string): boolean {
  if (/[\u0000-\u0020\u007f\\?#]/.test(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}

/** Makes the target of a registration, with the value of its secret, which is empty where it needs none. */
export function targetOf(
  { url, authentication, requestSeconds }: Pick<ScannerRegistration, 'url' | 'authentication' | 'requestSeconds'>,
  value: string,
): ScannerTarget {
  return { url, headers: headersOf(authentication, value), timeoutMs: requestSeconds * 1_000 };
}

function headersOf(
  authentication: ScannerRegistration['authentication'],
  value: string,
): Readonly<Record<string, string>> {
  switch (authentication.type) {
    case 'none':
      return {};
    case 'basic':
      return {
        Authorization: `Basic ${Buffer.from(`${authentication.username}:${value}`, 'utf8').toString('base64')}`,
      };
    case 'bearer':
      return { Authorization: `Bearer ${value}` };
    case 'apiKey':
      return { [apiKeyHeader]: value };
  }
}

/** Makes the URL of a call. The parts behind the base are escaped, so that none of them can lead out of it. */
export function callUrl(base: string, parts: readonly string[], query: Readonly<Record<string, string>> = {}): URL {
  const path = parts.map(encodeURIComponent).join('/');
  const url = new URL(`${base.replace(/\/$/, '')}/api/v1/${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}
