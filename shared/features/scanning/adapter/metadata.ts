import { z } from 'zod';
import { defined } from '../../../core/documents/defined.ts';
import { jsonIn } from '../../../core/oci/json.ts';
import type { Scanner } from '../findings.ts';
import { scannerOf, timeIn } from '../formats/reader.ts';
import { shownText } from '../shown-text.ts';
import type { CallFailed } from './answers.ts';
import { failed, faultOfBody, statusFailure, unanswered } from './answers.ts';
import type { AskScanner } from './ask-scanner.ts';
import { mediaTypes } from './media-types.ts';
import type { ScannerTarget } from './registration.ts';
import { callUrl } from './registration.ts';

const maxBytes = 256 * 1024;
const maxProperties = 100;

const texts = z.array(z.string().max(300)).max(100);
const schema = z.object({
  scanner: z.object({
    name: z.string().max(500),
    vendor: z.string().max(500).nullish(),
    version: z.string().max(500).nullish(),
  }),
  capabilities: z
    .array(
      z.object({
        // An adapter of an older version names no type.
        type: z.string().max(100).default('vulnerability'),
        consumes_mime_types: texts,
        produces_mime_types: texts,
        additional_attributes: z.object({ sbom_media_types: texts.optional() }).nullish().catch(undefined),
      }),
    )
    .max(20),
  properties: z.record(z.string(), z.unknown()).nullish(),
});

export interface ScannerCapability {
  readonly type: string;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly sbomMediaTypes: readonly string[];
}

/** The abilities and settings of a scanner, as its adapter says them. */
export interface ScannerMetadata {
  readonly scanner: Scanner;
  readonly capabilities: readonly ScannerCapability[];
  readonly databaseNextUpdateAt?: string;
  /** The form of the credential for the registry that the adapter wants. */
  readonly registryAuthorization: 'Bearer' | 'Basic';
  /** The settings that the adapter shows, by the names of its environment. */
  readonly settings: Readonly<Record<string, string>>;
  /** Sentences about settings by which a clean report means less. */
  readonly notes: readonly string[];
}

const prefix = 'harbor.scanner-adapter/';
const call = 'the question for its metadata';

/** Asks for a scanner's metadata, once. */
export async function askMetadata(
  ask: AskScanner,
  target: ScannerTarget,
): Promise<{ readonly is: 'metadata'; readonly metadata: ScannerMetadata } | CallFailed> {
  const answer = await ask.askScanner({
    url: callUrl(target.url, ['metadata']),
    method: 'GET',
    headers: { ...target.headers, Accept: `${mediaTypes.metadata}, ${mediaTypes.olderMetadata}` },
    mostBytes: maxBytes,
    timeoutMs: target.timeoutMs,
  });
  if (answer.is !== 'answered') return unanswered(answer);
  if (answer.status !== 200) return statusFailure(answer, call);
  const fault = faultOfBody(answer, call, [mediaTypes.metadata, mediaTypes.olderMetadata]);
  if (fault !== undefined) return fault;
  const parsed = schema.safeParse(jsonIn(answer.body));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = shownText(issue?.path.join('.') ?? '', 100);
    return failed(`The scanner's metadata are not valid${place === '' ? '' : ` at ${place}`}.`, false);
  }
  return { is: 'metadata', metadata: metadataOf(parsed.data) };
}

function metadataOf({ scanner, capabilities, properties }: z.infer<typeof schema>): ScannerMetadata {
  const shown = propertiesOf(properties ?? {});
  const settings = settingsOf(shown);
  return {
    scanner: scannerOf(scanner.name, {
      vendor: scanner.vendor ?? undefined,
      version: scanner.version ?? undefined,
      databaseUpdatedAt: timeIn(shown.get(`${prefix}vulnerability-database-updated-at`)),
    }),
    capabilities: capabilities.map((each) => ({
      type: each.type,
      consumes: each.consumes_mime_types,
      produces: each.produces_mime_types,
      sbomMediaTypes: each.additional_attributes?.sbom_media_types ?? [],
    })),
    registryAuthorization:
      shown.get(`${prefix}registry-authorization-type`)?.toLowerCase() === 'basic' ? 'Basic' : 'Bearer',
    settings,
    notes: notesOf(settings),
    ...defined({ databaseNextUpdateAt: timeIn(shown.get(`${prefix}vulnerability-database-next-update-at`)) }),
  };
}

function propertiesOf(properties: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const texts = Object.entries(properties).flatMap(([name, value]) =>
    typeof value === 'string' && name.length <= 200 && value.length <= 500 ? [[name, value] as const] : [],
  );
  return new Map(texts.slice(0, maxProperties));
}

/** Keeps the settings that change what a report means. An adapter that shows its environment may show a secret. */
function settingsOf(properties: ReadonlyMap<string, string>): Record<string, string> {
  const kept = [...properties].flatMap(([name, value]) =>
    name.startsWith('env.') && !/token|password|secret|key|credential|redis|url/i.test(name)
      ? [[name.slice('env.'.length), shownText(value)] as const]
      : [],
  );
  return Object.fromEntries(kept);
}

const allSeverities = ['UNKNOWN', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];

function notesOf(settings: Readonly<Record<string, string>>): string[] {
  const valueOf = (end: string) => Object.entries(settings).find(([name]) => name.endsWith(end))?.[1];
  const listed = (end: string) =>
    valueOf(end)
      ?.split(',')
      .map((part) => part.trim());
  const severities = listed('_SEVERITY')?.map((each) => each.toUpperCase());
  const missing = severities === undefined ? [] : allSeverities.filter((each) => !severities.includes(each));
  const kinds = listed('_VULN_TYPE');
  const scanners = listed('_SECURITY_CHECKS');
  return [
    ...(valueOf('_IGNORE_UNFIXED') === 'true' ? ['The scanner leaves out findings for which there is no fix.'] : []),
    ...(missing.length > 0 ? [`The scanner leaves out findings of severity ${missing.join(', ').toLowerCase()}.`] : []),
    ...(kinds !== undefined && !kinds.includes('os') ? ["The scanner leaves out the system's packages."] : []),
    ...(kinds !== undefined && !kinds.includes('library') ? ['The scanner leaves out libraries of languages.'] : []),
    ...(scanners !== undefined && !scanners.includes('vuln') ? ['The scanner does not look for vulnerabilities.'] : []),
    ...(valueOf('_SKIP_UPDATE') === 'true' ? ['The scanner does not update its database by itself.'] : []),
    ...(valueOf('_OFFLINE_SCAN') === 'true' ? ['The scanner works offline, and may miss what is looked up.'] : []),
  ];
}

/** Returns the capability that can scan a media type; `undefined` if the scanner cannot. */
export function capabilityFor(
  { capabilities }: Pick<ScannerMetadata, 'capabilities'>,
  type: 'vulnerability' | 'sbom',
  mediaType: string,
): ScannerCapability | undefined {
  return capabilities.find((each) => each.type === type && each.consumes.includes(mediaType));
}
