import type { KeyObject } from 'node:crypto';
import { sign } from 'node:crypto';
import type { ManifestDocument } from '../../../core/documents/manifest.ts';
import { isHeld, isSigned, verdictParts } from '../../../core/documents/verdict.ts';
import type { Covering } from '../../../core/verdicts/coverage.ts';
import { versionOfAll } from '../../../core/verdicts/coverage.ts';

const payloadType = 'application/vnd.in-toto+json';
/** The type of a Simple Verification Result of in-toto. */
const resultType = 'https://in-toto.io/attestation/svr/v0.1';

/** An envelope of DSSE: what is signed, and by which key. */
export interface Envelope {
  readonly payloadType: string;
  /** The statement in JSON, in base64. */
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

export interface About {
  readonly manifest: ManifestDocument;
  readonly covering: readonly Covering[];
  /**
   * The address of the registry by its settings. The host of a request would not do: those who ask choose it, and the
   * signed statement would name another registry.
   */
  readonly publicUrl: URL | undefined;
  /** The name of the key that signs. */
  readonly keyId: string;
  readonly now: Date;
}

/**
 * Makes the statement about a manifest. Its properties are what is proven: a reader that asks for one finds it or does
 * not, so that nothing is said of what failed. A judgement by policies that have changed since proves nothing.
 */
export function statementAbout({ manifest, covering, publicUrl, keyId, now }: About): object {
  const { verdict, repository, digest } = manifest;
  const [algorithm = '', hex = ''] = digest.split(':');
  const passed = verdictParts.filter((part) => {
    const of = covering.filter((policy) => policy.part === part);
    const judgement = verdict?.[part];
    return of.length > 0 && judgement?.state === 'passed' && judgement.version === versionOfAll(of);
  });
  return {
    _type: 'https://in-toto.io/Statement/v1',
    // A statement is for the repository that the image was judged in: elsewhere other policies cover it.
    subject: [
      { name: publicUrl === undefined ? repository : `${publicUrl.host}/${repository}`, digest: { [algorithm]: hex } },
    ],
    predicateType: resultType,
    predicate: {
      verifier: {
        id: publicUrl?.href ?? `urn:longshore:${keyId}`,
        policies: covering.map(({ part, name, mode, version }) => ({
          part,
          name,
          mode,
          version,
        })),
      },
      timeCreated: now.toISOString(),
      properties: [
        ...passed.map((part) => `LONGSHORE_${part.toUpperCase()}_PASSED`),
        ...(passed.includes('trust') && isSigned(verdict) ? ['LONGSHORE_SIGNED'] : []),
        ...(isHeld(verdict, now) ? [] : ['LONGSHORE_NOT_HELD']),
      ],
    },
  };
}

/** Signs a statement: the type is signed with it, so that it cannot be taken for anything else (DSSE, "PAE"). */
export function signedEnvelope(
  statement: object,
  { id, key }: { readonly id: string; readonly key: KeyObject },
): Envelope {
  const payload = Buffer.from(JSON.stringify(statement));
  const head = Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `);
  const sig = sign('sha256', Buffer.concat([head, payload]), key).toString('base64');
  return { payloadType, payload: payload.toString('base64'), signatures: [{ keyid: id, sig }] };
}
