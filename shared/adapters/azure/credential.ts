import type { TokenCredential } from '@azure/identity';

/**
 * How an adapter proves who it is: an account's key, or an identity (managed identity, workload identity, a developer's
 * login).
 */
export type KeyOrIdentity = { readonly key: string } | { readonly credential: TokenCredential };
