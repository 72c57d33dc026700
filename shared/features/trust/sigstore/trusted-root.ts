import { TrustedRoot } from '@sigstore/protobuf-specs';
import type { TrustMaterial } from '@sigstore/verify';
import { toTrustMaterial } from '@sigstore/verify';
import { z } from 'zod';
import { defined } from '../../../core/documents/defined.ts';
import { JsonOutOfBounds, parseJson } from '../../../core/oci/json.ts';
import { quoted } from './quoted.ts';

/** Sigstore's own root has 6 kB. */
export const maxTrustedRootBytes = 1024 * 1024;

type Trusted = Omit<TrustMaterial, 'publicKey'>;

/** The time in which something signs; without an end it still does. */
interface Span {
  readonly from: Date;
  readonly until?: Date;
}

/** The authorities and logs of an instance of sigstore. */
export interface SigstoreTrust {
  readonly name: string;
  readonly trusted: Trusted;
  /** From when until when new signatures can be verified; absent for what the root has none of. */
  readonly validity: {
    readonly certificates?: Span;
    readonly certificateLogs?: Span;
    readonly logs?: Span;
    readonly timestamps?: Span;
  };
  /** A sentence for each part that is left out because it cannot be used. */
  readonly notes: readonly string[];
}

export type TrustedRootReading =
  { readonly is: 'read'; readonly trust: SigstoreTrust } | { readonly is: 'refused'; readonly reason: string };

const part = z.record(z.string(), z.unknown());
const parts = z.array(z.unknown()).max(50).pipe(z.array(part)).default([]);

const rootSchema = z.object({
  mediaType: z.enum([
    'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    'application/vnd.dev.sigstore.trustedroot.v0.2+json',
  ]),
  tlogs: parts,
  ctlogs: parts,
  certificateAuthorities: parts,
  timestampAuthorities: parts,
});

type Kind = keyof Trusted;

const kinds = ['certificateAuthorities', 'ctlogs', 'tlogs', 'timestampAuthorities'] as const satisfies readonly Kind[];

/** Each certificate of a chain is verified for each signature. */
const longestChain = 5;

/**
 * Reads a trusted root, as sigstore publishes it. A part that cannot be used is left out, with a note: one new kind of
 * key must not end the trust in all others. A root of which nothing is left is refused.
 */
export function readTrustedRoot(bytes: Uint8Array, name: string): TrustedRootReading {
  if (bytes.length > maxTrustedRootBytes)
    return refused(`The trusted root has ${bytes.length} bytes, but may have ${maxTrustedRootBytes}.`);
  let json: unknown;
  try {
    json = parseJson(bytes);
  } catch (error) {
    return refused(`The trusted root is ${error instanceof JsonOutOfBounds ? error.allowed : 'not JSON'}.`);
  }
  const root = rootSchema.safeParse(json);
  if (!root.success) {
    const [first] = root.error.issues;
    return refused(
      `The trusted root is wrong at ${quoted(first?.path.join('.') ?? '')}: ${quoted(first?.message ?? '')}.`,
    );
  }
  const trusted: Trusted = { certificateAuthorities: [], ctlogs: [], tlogs: [], timestampAuthorities: [] };
  const notes = kinds.flatMap((kind) => root.data[kind].flatMap((each, at) => add(trusted, kind, at, each)));
  if (kinds.every((kind) => trusted[kind].length === 0))
    return refused(['The trusted root has no part that can be used.', ...notes].join(' '));
  return { is: 'read', trust: { name, trusted, validity: validityOf(trusted), notes } };
}

function add(trusted: Trusted, kind: Kind, at: number, json: Readonly<Record<string, unknown>>): string[] {
  try {
    const one = toTrustMaterial(TrustedRoot.fromJSON({ [kind]: [json] }), {});
    const fault = faultOf(one, kind, json);
    if (fault !== undefined) return [`The trusted root's ${kind}[${at}] is left out: it ${fault}.`];
    // The compiler does not see that both lists are of the same kind.
    (trusted[kind] as unknown[]).push(...one[kind]);
    return [];
  } catch (error) {
    return [`The trusted root's ${kind}[${at}] is left out: ${quoted(String(error))}.`];
  }
}

function faultOf(one: Trusted, kind: Kind, json: Readonly<Record<string, unknown>>): string | undefined {
  const isLog = kind === 'tlogs' || kind === 'ctlogs';
  const validFor = isLog ? memberOf(json['publicKey'], 'validFor') : json['validFor'];
  // Without a beginning the library takes the beginning of time, which sigstore's specification does not allow.
  if (memberOf(validFor, 'start') === undefined) return 'has no beginning (validFor.start)';
  if (one[kind].some(({ validFor: { start, end } }) => Number.isNaN(start.getTime()) || Number.isNaN(end.getTime())))
    return 'has no readable time in validFor';
  return isLog
    ? undefined
    : chainFault([...one.certificateAuthorities, ...one.timestampAuthorities][0]?.certChain ?? []);
}

type Chain = TrustMaterial['certificateAuthorities'][number]['certChain'];

/**
 * The library follows every certificate that may have issued another one, and would follow two that issued each other
 * until the stack is full.
 */
function chainFault(chain: Chain): string | undefined {
  if (chain.length === 0) return 'has no certificates';
  if (chain.length > longestChain) return `has ${chain.length} certificates, but may have ${longestChain}`;
  const isUpwards = chain.every(
    (each, at) => isSelfSigned(each) || !chain.slice(0, at).some((lower) => each.verify(lower)),
  );
  return isUpwards ? undefined : 'has certificates that are not in order from the lowest to the root';
}

function isSelfSigned(certificate: Chain[number]): boolean {
  return certificate.subject.equals(certificate.issuer) && certificate.verify();
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function validityOf(trusted: Trusted): SigstoreTrust['validity'] {
  const authority = ({ validFor, certChain }: TrustMaterial['certificateAuthorities'][number]) => ({
    start: validFor.start,
    end: new Date(Math.min(validFor.end.getTime(), ...certChain.map(({ notAfter }) => notAfter.getTime()))),
  });
  return defined({
    certificates: spanOf(trusted.certificateAuthorities.map(authority)),
    certificateLogs: spanOf(trusted.ctlogs.map(({ validFor }) => validFor)),
    logs: spanOf(trusted.tlogs.map(({ validFor }) => validFor)),
    timestamps: spanOf(trusted.timestampAuthorities.map(authority)),
  });
}

/** The library's end of time, for what has no end. */
const endOfTime = 8_640_000_000_000_000;

function spanOf(spans: readonly { readonly start: Date; readonly end: Date }[]): Span | undefined {
  if (spans.length === 0) return undefined;
  const from = new Date(Math.min(...spans.map(({ start }) => start.getTime())));
  const until = Math.max(...spans.map(({ end }) => end.getTime()));
  return until >= endOfTime ? { from } : { from, until: new Date(until) };
}

function refused(reason: string): TrustedRootReading {
  return { is: 'refused', reason };
}
