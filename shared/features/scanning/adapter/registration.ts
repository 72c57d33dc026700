import { z } from 'zod';
import { namePattern, nameSyntax } from '../../../core/rules/name.ts';

const secret = z
  .string()
  .min(1)
  .max(4_000)
  .regex(/^[\u0020-\u007e]+$/, 'must be printable ASCII, because it is sent in a header')
  .optional()
  .describe(
    'The secret itself; it is sealed and never shown. Absent, the one that was given before stays, if neither the URL ' +
      'nor the kind of authentication has changed.',
  );

const authenticationSchema = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('none').describe('The registry proves nothing.') }),
    z.strictObject({
      type: z.literal('basic').describe('Basic authentication by a user name and a password.'),
      username: z
        .string()
        .min(1)
        .max(200)
        .regex(/^[^:\u0000-\u001f\u007f]+$/, 'must not contain a colon or control characters')
        .describe('The user name of basic authentication.'),
      secret,
    }),
    z.strictObject({ type: z.literal('bearer').describe('A bearer token in Authorization.'), secret }),
    z.strictObject({
      type: z.literal('apiKey').describe('A key in the header X-ScannerAdapter-API-Key.'),
      secret,
    }),
  ])
  .default({ type: 'none' });

/** The settings of a scanner, as a user writes them: an adapter that speaks the pluggable scanner API. */
export const scannerSettingsSchema = z.strictObject({
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
  registryUrl: z
    .string()
    .max(1_000)
    .refine(isBase, 'must be an http or https URL without user, query or fragment')
    .optional()
    .describe(
      'The URL at which the scanner reaches this registry, such as one of a private network; absent, its public URL. ' +
        'It must be a host name that the registry answers to.',
    ),
  scansAtOnce: z.int().min(1).max(50).default(4).describe('The most scans that are under way at the scanner at once.'),
  isDefault: z
    .boolean()
    .default(false)
    .describe('Says if it scans for policies that name no scanner. A new default takes the place of the old one.'),
});
export type ScannerSettings = z.infer<typeof scannerSettingsSchema>;

/** A scanner's settings with its name. */
export const scannerRegistrationSchema = scannerSettingsSchema.extend({
  name: z.string().regex(namePattern, nameSyntax).describe('The name of the scanner, which verdicts show.'),
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
