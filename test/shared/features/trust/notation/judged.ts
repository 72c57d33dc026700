import type { NotationAuthority } from '../../../../../shared/features/trust/notation/authority.ts';
import type { Revocation } from '../../../../../shared/features/trust/notation/revocation.ts';
import type { NotationEnvelope } from '../../../../../shared/features/trust/notation/verify.ts';
import { verifyNotation } from '../../../../../shared/features/trust/notation/verify.ts';
import type { Outcome, SignedManifest } from '../../../../../shared/features/trust/outcome.ts';
import { manifest } from './envelopes.ts';
import type { Issued } from './issued.ts';

export const now = new Date('2026-01-01T00:00:00Z');

export interface Asked {
  readonly authority: NotationAuthority;
  readonly manifest?: SignedManifest;
  readonly now?: Date;
  readonly revocation?: Revocation;
}

export const verdictOf = (envelope: NotationEnvelope, asked: Asked): Promise<Outcome> =>
  verifyNotation(envelope, asked.authority, asked.manifest ?? manifest, asked.now ?? now, asked.revocation);

/** Trusts the roots, and everybody that they certify unless identities are given. */
export function trusting(
  roots: readonly Issued[],
  more: Partial<NotationAuthority> & { readonly tsa?: readonly Issued[] } = {},
): NotationAuthority {
  const { tsa, ...rest } = more;
  return {
    name: 'acme',
    verification: { level: 'strict' },
    trustStores: {
      ca: { acme: roots.map(({ pem }) => pem) },
      ...(tsa === undefined ? {} : { tsa: { times: tsa.map(({ pem }) => pem) } }),
    },
    trustedIdentities: ['*'],
    ...rest,
  };
}

export const reasonOf = (outcome: Outcome) => (outcome.is === 'refused' ? outcome.reason : 'it is verified');
