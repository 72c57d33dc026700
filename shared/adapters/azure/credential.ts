import type { TokenCredential } from '@azure/identity';

/**
 * The proof of an adapter's identity: an account's key, or a credential (managed identity, workload identity, a
 * developer's login).
 */
export type KeyOrIdentity = { readonly key: string } | { readonly credential: TokenCredential };
