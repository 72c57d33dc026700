import { globMatches } from '../../../core/rules/pattern.ts';
import type { ClaimName, SigstoreIdentity } from './authority.ts';
import { subjectTest } from './authority.ts';
import type { Leaf } from './certificate.ts';
import { claimOf } from './certificate.ts';
import { quoted } from './quoted.ts';

export type Identity =
  { readonly is: 'trusted'; readonly subject: string } | { readonly is: 'refused'; readonly reason: string };

/**
 * Compares a certificate with the identity of a policy. Issuer, subject and claims are compared as a whole: the library
 * searches for the subject anywhere in the certificate's, so that `https://evil.example/?https://github.com/acme/`
 * would pass for `https://github.com/acme/`.
 */
export function identityOf(leaf: Pick<Leaf, 'names' | 'issuer' | 'values'>, authority: SigstoreIdentity): Identity {
  if (leaf.issuer !== authority.issuer) return refused('issuer', leaf.issuer, authority.issuer, authority.name);
  const { matches, expected } = subjectTest(authority);
  const subject = leaf.names.find((name) => matches(name));
  if (subject === undefined) return refused('subject', leaf.names[0], expected, authority.name);
  for (const [name, pattern] of Object.entries(authority.claims) as [ClaimName, string | undefined][]) {
    const value = claimOf(leaf, name);
    if (pattern === undefined || (value !== undefined && globMatches(pattern, value))) continue;
    return refused(`claim ${name}`, value, pattern, authority.name);
  }
  return { is: 'trusted', subject };
}

function refused(what: string, found: string | undefined, expected: string, authority: string): Identity {
  const named = found === undefined ? `has no ${what}` : `has the ${what} ${quoted(found)}`;
  return { is: 'refused', reason: `The certificate ${named}, but ${authority} trusts ${quoted(expected)}.` };
}
