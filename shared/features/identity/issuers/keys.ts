import type { JWTVerifyGetKey } from 'jose';
import { createRemoteJWKSet, customFetch } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { StoreFailure } from '../../../core/ports/failures.ts';
import type { GetJson } from '../../../core/ports/outbound.ts';

/** The part of https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata that is used. */
const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Issuers move their keys' address rarely; keys themselves are fetched again when a token names an unknown one. */
const discoveryFreshMs = 60 * 60_000;
const maxIssuers = 200;

/** The keys of trusted issuers, by discovery; kept in memory. */
export class IssuerKeys {
  readonly #outbound: GetJson;
  readonly #known = new LRUCache<string, Promise<JWTVerifyGetKey>>({ max: maxIssuers, ttl: discoveryFreshMs });

  constructor(outbound: GetJson) {
    this.#outbound = outbound;
  }

  /** Says whether the keys are known without a call, or one is under way. */
  has(issuer: string): boolean {
    return this.#known.has(issuer);
  }

  /**
   * Returns the function that finds the key of a token of `issuer`. Throws `OutboundRefused`, and `StoreFailure`
   * (`issuer`) when the issuer cannot be asked.
   */
  async of(issuer: string): Promise<JWTVerifyGetKey> {
    const known = this.#known.get(issuer) ?? this.#discover(issuer);
    this.#known.set(issuer, known, { noUpdateTTL: true });
    try {
      return await known;
    } catch (error) {
      // A failure is not kept: the next token asks again.
      this.#known.delete(issuer);
      throw error;
    }
  }

  async #discover(issuer: string): Promise<JWTVerifyGetKey> {
    const found = discoverySchema.safeParse(
      await this.#outbound.getJson(new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`), 'issuer'),
    );
    // The issuer must be the document's own (Discovery, 4.3), or another's keys would vouch for it.
    if (!found.success || found.data.issuer !== issuer)
      throw new StoreFailure({
        dependency: 'issuer',
        kind: 'unavailable',
        message: `${issuer} has no discovery document of its own`,
      });
    return createRemoteJWKSet(new URL(found.data.jwks_uri), {
      // jose keeps the keys for ten minutes, and asks at most every half minute for one that it does not know.
      [customFetch]: async (url) => Response.json(await this.#outbound.getJson(new URL(url), 'issuer')),
    });
  }
}
