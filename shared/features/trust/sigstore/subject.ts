import { z } from 'zod';
import { algorithmOf, digestOf } from '../../../core/oci/digest.ts';
import { JsonOutOfBounds, parseJson } from '../../../core/oci/json.ts';
import type { SignedManifest, SignedStatement } from '../outcome.ts';
import type { Signed } from './content.ts';
import { quoted } from './quoted.ts';

/** The predicate type that cosign gives a plain signature since its version 3. */
const plainSignatureType = 'https://sigstore.dev/cosign/sign/v1';

const inTotoPayload = 'application/vnd.in-toto+json';
const statementTypes = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];
const simpleSigningType = 'cosign container image signature';

/** A release may list all its files as subjects. */
const mostSubjects = 10_000;

const statementSchema = z.object({
  _type: z.string(),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()).optional() })),
  predicateType: z.string().min(1).max(1_000),
  predicate: z.unknown(),
});

const simpleSigningSchema = z.object({
  critical: z.object({
    type: z.string(),
    image: z.object({ 'docker-manifest-digest': z.string() }),
  }),
});

/** The meaning of a signed text for the manifest: a statement, or for a plain signature nothing more. */
export type Said =
  | { readonly is: 'about'; readonly statement: SignedStatement | undefined }
  | { readonly is: 'refused'; readonly reason: string };

/**
 * Reads a signed text and compares its subject with the manifest. A signature of the right key over another image can
 * be attached to any image, so this comparison is what makes it one about this image.
 */
export function saidAbout(signed: Signed, manifest: SignedManifest): Said {
  switch (signed.is) {
    case 'envelope':
      return statement(signed, manifest);
    case 'simple-signing':
      return simpleSigning(signed.payload, manifest);
    case 'manifest':
      return manifestItself(signed.payload, manifest);
  }
}

function manifestItself(payload: Buffer, manifest: SignedManifest): Said {
  const digest = digestOf(payload, algorithmOf(manifest.digest));
  return digest === manifest.digest
    ? { is: 'about', statement: undefined }
    : refused(`The signature is about the bytes of ${digest}, but this manifest is ${manifest.digest}.`);
}

function simpleSigning(payload: Buffer, manifest: SignedManifest): Said {
  const json = jsonOf(payload);
  if (json instanceof JsonOutOfBounds) return refused(`The payload is ${json.allowed}.`);
  const read = simpleSigningSchema.safeParse(json);
  if (!read.success)
    return refused("The payload is not cosign's simple signing, with critical.type and critical.image.");
  const { type, image } = read.data.critical;
  if (type !== simpleSigningType)
    return refused(`The payload is of the type ${quoted(type)}, but a signature's is ${quoted(simpleSigningType)}.`);
  const digest = image['docker-manifest-digest'];
  if (digest !== manifest.digest)
    return refused(`The signature is about ${quoted(digest)}, but this manifest is ${manifest.digest}.`);
  return { is: 'about', statement: undefined };
}

function statement({ payloadType, payload }: Extract<Signed, { is: 'envelope' }>, manifest: SignedManifest): Said {
  if (payloadType !== inTotoPayload)
    return refused(`The envelope holds ${quoted(payloadType)}, but a statement about an image is ${inTotoPayload}.`);
  const json = jsonOf(payload);
  if (json instanceof JsonOutOfBounds) return refused(`The statement is ${json.allowed}.`);
  if (subjectsIn(json) > mostSubjects) return refused(`The statement has more than ${mostSubjects} subjects.`);
  const read = statementSchema.safeParse(json);
  if (!read.success) return refused('The payload is not an in-toto statement with subject and predicateType.');
  const { _type: type, subject, predicateType, predicate } = read.data;
  if (!statementTypes.includes(type))
    return refused(`The statement is of the type ${quoted(type)}; allowed are ${statementTypes.join(' and ')}.`);
  const [algorithm = '', hex = ''] = manifest.digest.split(':');
  if (!subject.some(({ digest = {} }) => Object.hasOwn(digest, algorithm) && digest[algorithm] === hex))
    return refused(
      `The statement is about ${subjectNamed(subject, algorithm)}, but this manifest is ${manifest.digest}.`,
    );
  return { is: 'about', statement: predicateType === plainSignatureType ? undefined : { predicateType, predicate } };
}

function subjectsIn(json: unknown): number {
  if (typeof json !== 'object' || json === null || !('subject' in json) || !Array.isArray(json.subject)) return 0;
  return json.subject.length;
}

function subjectNamed(subjects: z.infer<typeof statementSchema>['subject'], algorithm: string): string {
  const [first] = subjects;
  if (first === undefined) return 'nothing';
  const named = quoted(`${algorithm}:${first.digest?.[algorithm] ?? '?'}`);
  return subjects.length === 1 ? named : `${named} and ${subjects.length - 1} more`;
}

/** Parses a payload; `undefined` when it is not JSON, and `JsonOutOfBounds` when it is too deep or too long. */
function jsonOf(payload: Buffer): unknown {
  try {
    return parseJson(payload);
  } catch (error) {
    return error instanceof JsonOutOfBounds ? error : undefined;
  }
}

function refused(reason: string): Said {
  return { is: 'refused', reason };
}
