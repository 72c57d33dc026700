import { signal } from '@preact/signals';
import { ask, mustSignIn } from './api.ts';

/** The identity that uses the portal, as `GET /api/v1/me` tells. */
export interface Me {
  readonly subject: string;
  readonly kind: 'token' | 'admin' | 'issuer' | 'anonymous' | 'open';
  readonly name?: string;
  readonly expiresAt?: string;
  readonly rights: readonly { readonly right: string; readonly allowed: boolean; readonly why?: string }[];
  readonly repositories: readonly { readonly pattern: string; readonly actions: readonly string[] }[];
  readonly session?: { readonly idleUntil: string; readonly until: string };
}

/** Undefined until it is known. */
export const me = signal<Me | undefined>(undefined);

export async function loadMe(): Promise<void> {
  try {
    me.value = (await ask('/api/v1/me')) as Me;
    mustSignIn.value = false;
  } catch {
    // Whatever keeps this from being known keeps the page from being shown too, which says so.
  }
}

/** Returns why the identity may not use a right, as in `management/write`; `undefined` if it may, or is not known. */
export function whyNot(right: string): string | undefined {
  const found = me.value?.rights.find((each) => each.right === right);
  if (found === undefined || found.allowed) return undefined;
  return found.why ?? `Your identity does not hold ${right}: ask an administrator for it.`;
}
