import type { JWTPayload } from 'jose';
import { errors, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { parseJson } from '../../../core/oci/json.ts';
import { StoreFailure } from '../../../core/ports/failures.ts';
import { open } from '../../../core/secrets/sealed.ts';
import type { IssuerDocument, SignIn } from '../documents.ts';
import { IssuerKeys } from '../issuers/keys.ts';
import type { IdentityPorts } from '../ports.ts';

/** The part of a discovery document that a sign-in needs. */
const discoverySchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url({ protocol: /^https?$/ }),
  token_endpoint: z.url({ protocol: /^https?$/ }),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  /** RFC 9207: then an answer without `iss` is not this issuer's. */
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});
export type Discovery = z.infer<typeof discoverySchema>;

const tokenAnswerSchema = z.object({ id_token: z.string().max(64 * 1024) });

const discoveryFreshMs = 60 * 60_000;
const maxIssuers = 200;
const algorithms = ['RS256', 'ES256'];
const clockToleranceSeconds = 60;

/** Entra's authorities, and what a managed identity's token is for there. It is sent to no other host. */
const entra: Readonly<Record<string, string>> = {
  'login.microsoftonline.com': 'api://AzureADTokenExchange',
  'login.microsoftonline.us': 'api://AzureADTokenExchangeUSGov',
  'login.partner.microsoftonline.cn': 'api://AzureADTokenExchangeChina',
};

/** Says whether an issuer takes the app's managed identity for the proof of a client. */
export function takesManagedIdentity(issuer: string): boolean {
  return Object.hasOwn(entra, new URL(issuer).host);
}

/** A code that an issuer has given to a browser, and what it is exchanged with. */
export interface CodeExchange {
  readonly code: string;
  readonly verifier: string;
  readonly nonce: string;
  readonly redirectUri: string;
}

/** Returns the place to which a client's sealed secret is bound. */
export function secretPlace(registry: string, name: string) {
  return { purpose: 'sign-in', context: `client secret of ${registry}/${name}` } as const;
}

/** Speaks to the issuers through which people sign in. */
export class Providers {
  readonly #ports: IdentityPorts;
  readonly #keys: IssuerKeys;
  readonly #known = new LRUCache<string, Discovery>({ max: maxIssuers, ttl: discoveryFreshMs });

  constructor(ports: IdentityPorts) {
    this.#ports = ports;
    this.#keys = new IssuerKeys(ports.outbound);
  }

  /** Says whether an issuer is known without a call. */
  has(issuer: string): boolean {
    return this.#known.has(issuer) && this.#keys.has(issuer);
  }

  /** Returns an issuer's endpoints. Throws `OutboundRefused`, and `StoreFailure` when it has none that can be used. */
  async discover(issuer: string): Promise<Discovery> {
    const known = this.#known.get(issuer);
    if (known !== undefined) return known;
    const url = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const found = discoverySchema.safeParse(await this.#ports.outbound.getJson(url, 'issuer'));
    // The issuer must be the document's own (Discovery, 4.3), or another's endpoints would get the codes.
    if (!found.success || found.data.issuer !== issuer)
      throw unusable(`${issuer} has no discovery document of its own for sign-ins`);
    this.#known.set(issuer, found.data);
    return found.data;
  }

  /**
   * Exchanges a code for the claims of the person. Returns `undefined` when the issuer refuses the code, or what it
   * says is not for this client and this sign-in. Throws `OutboundRefused` and `StoreFailure`.
   */
  async claimsOf(entry: IssuerDocument, signIn: SignIn, exchange: CodeExchange): Promise<JWTPayload | undefined> {
    const discovery = await this.discover(entry.issuer);
    const { headers, fields } = await this.#proofOf(entry, signIn, discovery);
    const answer = await this.#ports.outbound.ask(new URL(discovery.token_endpoint), {
      dependency: 'issuer',
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: exchange.code,
        redirect_uri: exchange.redirectUri,
        code_verifier: exchange.verifier,
        ...fields,
      }).toString(),
    });
    if (answer.status >= 400 && answer.status < 500) {
      this.#ports.log.warn({ issuer: entry.issuer, status: answer.status }, 'an issuer refuses the code of a sign-in');
      return undefined;
    }
    const tokens = answer.status === 200 ? tokenAnswerSchema.safeParse(jsonOf(answer.text)) : undefined;
    if (tokens?.success !== true) throw unusable(`${entry.issuer} answers ${answer.status} to a code, without a token`);
    return this.#verified(entry.issuer, tokens.data.id_token, signIn.clientId, exchange.nonce);
  }

  async #verified(issuer: string, token: string, clientId: string, nonce: string): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await jwtVerify(token, await this.#keys.of(issuer), {
        algorithms,
        issuer,
        audience: clientId,
        clockTolerance: clockToleranceSeconds,
        currentDate: this.#ports.clock.now(),
        requiredClaims: ['exp', 'iat', 'sub', 'nonce'],
      });
      // A token for several is this client's when it says so (OpenID Connect Core, 3.1.3.7).
      const isOurs = !Array.isArray(payload.aud) || payload.aud.length === 1 || payload['azp'] === clientId;
      return isOurs && payload['nonce'] === nonce ? payload : undefined;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  /** Makes this client's proof for the issuer, as headers or as fields of the form. Throws `StoreFailure`. */
  async #proofOf(
    { name, issuer, registry }: IssuerDocument,
    { clientId, proof, secret }: SignIn,
    { token_endpoint: endpoint, token_endpoint_auth_methods_supported: methods }: Discovery,
  ): Promise<{ readonly headers: Record<string, string>; readonly fields: Record<string, string> }> {
    if (proof === 'none') return { headers: {}, fields: { client_id: clientId } };
    if (proof === 'managed-identity') {
      const assertion = await this.#assertion(issuer, endpoint);
      const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
      return {
        headers: {},
        fields: { client_id: clientId, client_assertion_type: type, client_assertion: assertion },
      };
    }
    const opened =
      secret === undefined ? undefined : await open(secret, this.#ports.sealing, secretPlace(registry, name));
    if (opened === undefined)
      throw unusable(
        `the client secret of ${name} cannot be opened: send it again by PUT /api/v1/trusted-issuers/${name}`,
      );
    const text = Buffer.from(opened).toString();
    if (methods !== undefined && !methods.includes('client_secret_basic'))
      return { headers: {}, fields: { client_id: clientId, client_secret: text } };
    // Both are form-encoded first (RFC 6749, 2.3.1).
    const pair = new URLSearchParams([[clientId, text]]).toString().replace('=', ':');
    return { headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }, fields: {} };
  }

  /** Elsewhere the token of the app's identity would let somebody else be this client. */
  async #assertion(issuer: string, endpoint: string): Promise<string> {
    const { host } = new URL(issuer);
    const audience = Object.hasOwn(entra, host) ? entra[host] : undefined;
    if (audience === undefined || new URL(endpoint).host !== host)
      throw unusable(`${issuer} is not Entra ID: a managed identity proves a client there alone`);
    const { federation } = this.#ports;
    if (federation === undefined) throw unusable('the app has no managed identity');
    try {
      return await federation.issueAssertion(audience);
    } catch (error) {
      throw unusable(`the app's identity gets no token for ${audience}`, error);
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function unusable(message: string, cause?: unknown): StoreFailure {
  return new StoreFailure({ dependency: 'issuer', kind: 'unavailable', message, cause });
}
