import { z } from 'zod';
import { defined } from '../../../core/documents/defined.ts';
import type { Finding, Scanner, Severity } from '../findings.ts';
import { longest, maxFindings } from '../findings.ts';
import { shownText } from '../shown-text.ts';
import { ReportFault } from './report-fault.ts';

/** The content of a report, as far as the registry reads it. */
interface Reported {
  readonly scanner: Scanner;
  readonly findings: readonly Finding[];
  readonly reportedAt?: string;
  /** Sentences that say why the report may mean less than it seems. */
  readonly notes: readonly string[];
  /** The digests of the image that the report says it is about; empty where it names none. */
  readonly digests: readonly string[];
}

/** Reads reports of one format. */
export interface ReportReader {
  /** The name of the format in a sentence. */
  readonly title: string;
  /** Says whether a value looks like this format: its marks are there, and nothing more is examined. */
  fits(value: Readonly<Record<string, unknown>>): boolean;
  /** Reads a value. Throws `ReportFault`. */
  read(value: unknown): Reported;
}

/** A text that the registry keeps: names that are too long are refused, because a cut name is another name. */
export const named = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must not contain control characters');
export const id = named(longest.id).min(1);
export const packageName = named(longest.package).min(1);
export const version = named(longest.version);
/** A number that a report may give in a wrong form, which is then as good as absent. */
export const score = z.number().min(0).max(10).optional().catch(undefined);
/** Takes null for absent, as Go writes empty fields. */
export const orAbsent = <T>(value: T | null | undefined): T | undefined => value ?? undefined;
export const looseText = z.string().optional().catch(undefined);
export const looseTexts = z.array(looseText).optional().catch(undefined);

/** Parses a report by its schema. Throws `ReportFault`, which names the first fault and its place. */
export function parseReport<T>(schema: z.ZodType<T>, value: unknown, title: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = shownText(issue?.path.join('.') ?? '');
  const at = place === '' ? '' : ` at ${place}`;
  throw new ReportFault(`The ${title} is not valid${at}: ${shownText(issue?.message ?? 'it is not an object')}.`);
}

/** The parts of a finding as formats have them. */
interface RawFinding {
  readonly id: string;
  readonly aliases?: readonly (string | undefined)[] | undefined;
  readonly package: string;
  readonly purl?: string | undefined;
  readonly version?: string | undefined;
  readonly fixedIn?: readonly (string | undefined)[] | undefined;
  readonly fixedSince?: string | undefined;
  readonly severity: Severity;
  readonly cvss?: number | undefined;
  readonly links?: readonly (string | undefined)[] | undefined;
}

/** Makes a finding. A link that is no http URL, or too long, is left out; so is a purl that is too long to be read. */
export function findingOf(raw: RawFinding): Finding {
  const aliases = textsIn(raw.aliases).filter((alias) => alias !== raw.id && alias.length <= longest.alias);
  const fixes = textsIn(raw.fixedIn);
  return {
    id: raw.id,
    package: raw.package,
    version: raw.version ?? '',
    severity: raw.severity,
    links: linksIn(raw.links ?? []),
    ...defined({
      aliases: aliases.length > 0 ? aliases.slice(0, longest.aliases) : undefined,
      purl: raw.purl !== undefined && raw.purl !== '' && raw.purl.length <= longest.purl ? raw.purl : undefined,
      fixedIn: fixes.length > 0 ? cutText(fixes.join(', '), longest.version) : undefined,
      fixedSince: fixes.length > 0 ? raw.fixedSince : undefined,
      cvss: raw.cvss ?? undefined,
    }),
  };
}

function textsIn(texts: readonly (string | undefined)[] | undefined): string[] {
  return [...new Set(texts?.filter((text) => text !== undefined && text !== '') as string[] | undefined)];
}

/** Keeps the first links. The others are not examined: a report may have hundreds of thousands. */
function linksIn(texts: readonly (string | undefined)[]): string[] {
  const links = new Set<string>();
  for (const text of texts) {
    if (links.size === longest.links) break;
    if (text !== undefined && isLink(text)) links.add(text);
  }
  return [...links];
}

/** An http URL of ASCII without credentials, which would stand before an @ in the authority. */
const link = /^https?:\/\/[!-.0->A-[\]-~]+(?:[/?#][!-[\]-~]*)?$/i;

function isLink(text: string): boolean {
  return text.length <= longest.link && link.test(text) && URL.canParse(text);
}

export function cutText(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

const severityWords: Readonly<Record<string, Severity>> = {
  negligible: 'negligible',
  info: 'negligible',
  none: 'negligible',
  low: 'low',
  medium: 'medium',
  moderate: 'medium',
  high: 'high',
  critical: 'critical',
};

/** Reads a severity as scanners write it, in any case. A word that none of them uses is an unknown severity. */
export function severityOf(word: string | undefined): Severity {
  const key = word?.slice(0, 20).toLowerCase() ?? '';
  return Object.hasOwn(severityWords, key) ? (severityWords[key] ?? 'unknown') : 'unknown';
}

/** Reads a time; `undefined` for a text that is none. */
export function timeIn(text: string | undefined): string | undefined {
  if (text === undefined || text.length > 64 || !/^\d{4}-\d\d-\d\d/.test(text)) return undefined;
  const at = Date.parse(text);
  // A year beyond 9999 is written in a form of its own.
  return Number.isNaN(at) || at > 253_402_300_799_999 ? undefined : new Date(at).toISOString();
}

/** Describes a scanner by texts that may be absent. */
export function scannerOf(
  name: string | undefined,
  more: {
    readonly vendor?: string | undefined;
    readonly version?: string | undefined;
    readonly databaseUpdatedAt?: string | undefined;
  },
): Scanner {
  const shown = (text: string | undefined) => shownText(text ?? '', 60);
  return {
    name: name !== undefined && name !== '' ? shown(name) : 'unknown',
    vendor: shown(more.vendor),
    version: shown(more.version),
    ...defined({ databaseUpdatedAt: more.databaseUpdatedAt }),
  };
}

/** Throws `ReportFault` for a report with more findings than are compared. */
export function checkNumber(number: number): void {
  if (number > maxFindings)
    throw new ReportFault(`The report has ${number} findings: at most ${maxFindings} are read.`);
}

/** Returns the digests that texts such as `registry/name@sha256:…` end with. */
export function digestsIn(references: readonly (string | undefined)[]): string[] {
  const found = references.flatMap(
    (text) => /(?:^|@)(sha(?:256:[a-f0-9]{64}|512:[a-f0-9]{128}))$/.exec(text ?? '')?.[1] ?? [],
  );
  return [...new Set(found)].slice(0, 100);
}
