import type { RegistryFault } from '../oci/faults.ts';
import type { Access } from '../ports/authorize.ts';

/**
 * Makes the `WWW-Authenticate` header of a refusal. No space follows a comma: az splits the header on spaces first.
 * `scope` is there whenever a right was needed by name: `@azure/container-registry` refuses a challenge without it.
 */
export function challengeHeaders({
  challenge,
  needed,
  why,
}: RegistryFault & { is: 'unauthorized' }): Record<string, string> {
  if (challenge === undefined) return {};
  if (challenge.scheme === 'Basic')
    return { 'WWW-Authenticate': `Basic realm=${quoted(challenge.realm)},charset="UTF-8"` };
  const scope = scopeOf(needed);
  const parts = [
    `realm=${quoted(challenge.realm)}`,
    `service=${quoted(challenge.service)}`,
    ...(scope === '' ? [] : [`scope=${quoted(scope)}`]),
    ...(why === undefined ? [] : [`error=${quoted(why)}`]),
  ];
  return { 'WWW-Authenticate': `Bearer ${parts.join(',')}` };
}

/**
 * Makes a quoted-string (RFC 9110, 5.6.4): text that came from a request must not end it, and add a realm of its own.
 */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, '')}"`;
}

/** Makes the Docker token specification's scopes: one per resource, its actions joined, several parted by a space. */
function scopeOf(needed: readonly Access[]): string {
  const actions = new Map<string, string[]>();
  for (const { type, name, action } of needed) {
    const resource = `${type}:${name}`;
    actions.set(resource, [...(actions.get(resource) ?? []), action]);
  }
  return [...actions].map(([resource, asked]) => `${resource}:${asked.join(',')}`).join(' ');
}
