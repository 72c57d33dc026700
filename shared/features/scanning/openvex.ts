import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import { parseJson } from '../../core/oci/json.ts';
import type { Finding } from './findings.ts';
import type { Purl } from './purl.ts';
import { namesPackage, parsePurl } from './purl.ts';
import { shownText } from './shown-text.ts';

/** A document may have so many bytes, statements, and pairs of a product and a subcomponent in all of them. */
export const maxVexBytes = 4 * 1024 * 1024;
const maxStatements = 10_000;
const maxPairs = 50_000;

const justifications = [
  'component_not_present',
  'vulnerable_code_not_present',
  'vulnerable_code_not_in_execute_path',
  'vulnerable_code_cannot_be_controlled_by_adversary',
  'inline_mitigations_already_exist',
] as const;

const text = z.string().max(2_000);
const time = z.iso.datetime({ offset: true }).max(64);
const component = {
  '@id': text.optional(),
  identifiers: z.object({ purl: text.optional() }).optional(),
  hashes: z.record(z.string().max(50), z.string().max(200)).optional(),
};
const product = z.object({ ...component, subcomponents: z.array(z.object(component)).max(5_000).optional() });

const statement = z
  .object({
    vulnerability: z.object({ name: text.min(1), aliases: z.array(text).max(100).optional() }),
    timestamp: time.optional(),
    products: z.array(product).max(5_000).optional(),
    status: z.enum(['not_affected', 'affected', 'fixed', 'under_investigation']),
    justification: z.enum(justifications).optional(),
    impact_statement: z.string().max(10_000).optional(),
    action_statement: z.string().max(10_000).optional(),
  })
  .refine(
    (each) =>
      each.status !== 'not_affected' || each.justification !== undefined || (each.impact_statement ?? '').trim() !== '',
    'a statement of not_affected must have a justification or an impact statement',
  )
  .refine(
    (each) => each.status !== 'affected' || (each.action_statement ?? '').trim() !== '',
    'a statement of affected must have an action statement',
  );

const documentSchema = z.object({
  '@context': z
    .string()
    .max(200)
    .regex(/^https:\/\/openvex\.dev\/ns(?:\/v0\.2\.0)?$/, 'is not OpenVEX 0.2.0'),
  '@id': text.min(1),
  author: text.min(1),
  timestamp: time,
  statements: z.array(statement).min(1).max(maxStatements),
});

type Status = z.infer<typeof statement>['status'];

/** One statement about one image, and about packages of it or all of them. */
interface Claim {
  /** The names of the vulnerability, in capitals. */
  readonly names: readonly string[];
  readonly digests: ReadonlySet<string>;
  /** The packages that it is about; absent for the whole image. One that cannot be read matches none. */
  readonly packages?: readonly Purl[];
  readonly status: Status;
  /** The author's reason, as a label or a text. */
  readonly why: string;
  readonly at: number;
}

/** A document that was read. Its author in the document proves nothing: its signer does. */
export interface VexDocument {
  readonly id: string;
  readonly claims: ReadonlyMap<string, readonly Claim[]>;
}

export type VexReading =
  { readonly is: 'read'; readonly document: VexDocument } | { readonly is: 'refused'; readonly reason: string };

/** Reads an OpenVEX document. A reason is a whole sentence. */
export function readOpenVex(bytes: Uint8Array): VexReading {
  const refused = (why: string) => ({ is: 'refused' as const, reason: `The OpenVEX document ${why}.` });
  if (bytes.length > maxVexBytes) return refused(`is larger than ${maxVexBytes / 1024 / 1024} MiB`);
  let value: unknown;
  try {
    value = parseJson(bytes);
  } catch (error) {
    // The parser's own message repeats a part of the document.
    const isBound = error instanceof Error && error.name === 'JsonOutOfBounds';
    return refused(isBound ? `cannot be read: ${error.message}` : 'is not JSON');
  }
  const parsed = documentSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = shownText(issue?.path.join('.') ?? '');
    return refused(`is not valid${place === '' ? '' : ` at ${place}`}: ${shownText(issue?.message ?? '')}`);
  }
  const { statements, timestamp } = parsed.data;
  const pairs = statements.reduce((sum, each) => sum + pairsOf(each), 0);
  if (pairs > maxPairs) return refused(`has more than ${maxPairs} pairs of products and packages`);
  const claims = new Map<string, Claim[]>();
  for (const claim of statements.flatMap((each) => claimsOf(each, timestamp)))
    for (const name of claim.names) {
      const others = claims.get(name);
      if (others === undefined) claims.set(name, [claim]);
      else others.push(claim);
    }
  return { is: 'read', document: { id: parsed.data['@id'], claims } };
}

function pairsOf({ products, vulnerability }: z.infer<typeof statement>): number {
  const names = 1 + (vulnerability.aliases?.length ?? 0);
  return names * (products ?? []).reduce((sum, each) => sum + 1 + (each.subcomponents?.length ?? 0), 0);
}

function claimsOf(each: z.infer<typeof statement>, documentTime: string): Claim[] {
  const { vulnerability, products, status, justification, impact_statement: impact } = each;
  const names = [...new Set([vulnerability.name, ...(vulnerability.aliases ?? [])].map((name) => name.toUpperCase()))];
  const at = Date.parse(each.timestamp ?? documentTime);
  const why = justification ?? (impact === undefined ? status : shownText(impact));
  return (products ?? []).flatMap((one) => {
    const digests = digestsOf(one);
    if (digests.size === 0) return [];
    const packages = one.subcomponents?.flatMap((sub) => purlsOf(sub));
    // A list of subcomponents that is empty limits nothing.
    const isLimited = one.subcomponents !== undefined && one.subcomponents.length > 0;
    return [{ names, digests, status, why, at, ...defined({ packages: isLimited ? packages : undefined }) }];
  });
}

type Component = Omit<z.infer<typeof product>, 'subcomponents'>;

function purlsOf(one: Component): Purl[] {
  return [one['@id'], one.identifiers?.purl].flatMap((each) => (each === undefined ? [] : (parsePurl(each) ?? [])));
}

/**
 * Returns the digests by which a product names images. A tag, a name or a repository alone name none: another image may
 * have them tomorrow.
 */
function digestsOf(one: Component): ReadonlySet<string> {
  const ofPurls = purlsOf(one).flatMap(({ type, version }) => (type === 'oci' ? version : []));
  const ofHashes = Object.entries(one.hashes ?? {}).flatMap(([algorithm, hex]) =>
    algorithm === 'sha-256' ? `sha256:${hex.toLowerCase()}` : [],
  );
  return new Set(
    [...ofPurls, ...ofHashes].filter((digest) => /^sha256:[a-f0-9]{64}$|^sha512:[a-f0-9]{128}$/.test(digest)),
  );
}

/** The answer of an author about a finding. */
export interface VexAnswer {
  readonly status: Status;
  readonly justification: string;
  readonly document: string;
}

/**
 * Returns what the documents of one author say about a finding of an image, which has these digests: its own, and those
 * of indexes that list it. The latest statement counts; of two at the same time, the one that leaves the finding.
 */
export function answerOf(
  documents: readonly VexDocument[],
  digests: readonly string[],
  finding: Finding,
): VexAnswer | undefined {
  let best: { readonly claim: Claim; readonly document: string } | undefined;
  for (const document of documents)
    for (const name of [finding.id, ...(finding.aliases ?? [])])
      for (const claim of document.claims.get(name.toUpperCase()) ?? [])
        if (isAbout(claim, digests, finding) && (best === undefined || isLater(claim, best.claim)))
          best = { claim, document: document.id };
  return best && { status: best.claim.status, justification: best.claim.why, document: best.document };
}

function isAbout({ digests, packages }: Claim, asked: readonly string[], finding: Finding): boolean {
  return (
    asked.some((digest) => digests.has(digest)) &&
    (packages === undefined || packages.some((purl) => namesPackage(purl, finding)))
  );
}

/** The order of statements of the same time: a claim that there is nothing to fear comes last. */
const caution: Readonly<Record<Status, number>> = { affected: 3, under_investigation: 2, fixed: 1, not_affected: 0 };

function isLater(claim: Claim, than: Claim): boolean {
  return claim.at !== than.at ? claim.at > than.at : caution[claim.status] > caution[than.status];
}
