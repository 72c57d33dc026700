import { defined } from '../../../core/documents/defined.ts';
import { originOf } from '../../../core/http/origin.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { countAgainst } from '../identify.ts';
import { issueToken } from '../jwt.ts';
import { lifetimes } from '../lifetimes.ts';
import { readForm, requireField, requireService } from './form.ts';
import type { OAuth2Ports } from './ports.ts';

/** The second is what older clients of ACR send; both bring an access token. */
const grantTypes = ['access_token', 'access_token_refresh_token'];

/**
 * `POST /oauth2/exchange`: a refresh token of ours for an access token of Entra ID, or of any other trusted issuer, and
 * no longer good than that. The form's `tenant` is not believed: the token has its own.
 */
export async function exchange(ports: OAuth2Ports, request: Request): Promise<{ refresh_token: string }> {
  const form = await readForm(request);
  const { host } = originOf(request, ports.settings.publicUrl);
  requireService(form, host);
  if (!grantTypes.includes(requireField(form, 'grant_type')))
    throw new RegistryError({ is: 'request-invalid', why: `grant_type must be ${grantTypes.join(' or ')}` });
  const proof = await ports.outside.prove(requireField(form, 'access_token'), () =>
    ports.limits?.takeLook(request, 'issuer'),
  );
  const now = ports.clock.now().getTime();
  // An instance whose clock is behind may take a token for a moment longer: what it would get is over already.
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
