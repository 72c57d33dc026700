import { defined } from '../../../core/documents/defined.ts';
import { originOf } from '../../../core/http/origin.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { countAgainst } from '../identify.ts';
import { issueToken } from '../jwt.ts';
import { lifetimes } from '../lifetimes.ts';
import { readForm, requireField, requireService } from './form.ts';
import type { OAuth2Ports } from './ports.ts';

/** The grant types; older clients of ACR send the second, and both come with an access token. */
const grantTypes = ['access_token', 'access_token_refresh_token'];

/**
 * Answers `POST /oauth2/exchange` with a refresh token of ours for an access token of Entra ID, or of any other trusted
 * issuer, and valid no longer than that. The form's `tenant` is not believed: the token has its own.
 */
export async function exchange(ports: OAuth2Ports, request: Request): Promise<{ refresh_token: string }> {
  const form = await readForm(request);
  const { host } = originOf(request, ports.settings.publicUrl);
  requireService(form, host);
  if (!grantTypes.includes(requireField(form, 'grant_type')))
    throw new RegistryError({ is: 'request-invalid', why: `grant_type must be ${grantTypes.join(' or ')}` });
  const proof = await ports.outside.prove(requireField(form, 'access_token'), () =>
    ports.limits?.takeLookup(request, 'issuer'),
  );
  const now = ports.clock.now().getTime();
  // An instance whose clock is behind may accept a token for a moment longer: the one that it would get has expired
  // already.
  if (proof === undefined || proof.until <= now) {
    ports.limits?.countRefused(request);
    throw new RegistryError({
      is: 'unauthorized',
      needed: [],
      why: 'invalid_token',
      challenge: { scheme: 'Basic', realm: host },
    });
  }
  countAgainst(ports, request, proof.identity, true);
  const { identity, tenant, until } = proof;
  const expiresAt = Math.min(now + lifetimes.refresh, until);
  return {
    refresh_token: await issueToken(ports, { identity, host, expiresAt, ...defined({ tenant }) }),
  };
}
