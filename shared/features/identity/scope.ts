import { RegistryError } from '../../core/oci/faults.ts';
import type { ResourceActions } from './grants.ts';
import { repositoryActions } from './grants.ts';

/**
 * The number of scopes in a request, more than any client asks for at once; it bounds the size of a token, which
 * travels in a header.
 */
const maxScopes = 50;
const maxScopeLength = 600;

/** Names that older clients of ACR use. */
const synonyms: Readonly<Record<string, string>> = { metadataRead: 'metadata_read', metadataWrite: 'metadata_write' };

/**
 * Parses `scope` parameters (Docker token specification, "Scopes"): each holds one or, parted by spaces, more. A scope
 * that is not understood asks for nothing, as the specification wants. Throws `RegistryError` (`request-invalid`) for
 * too many.
 */
export function parseScopes(parameters: readonly string[]): ResourceActions[] {
  const scopes = parameters.flatMap((parameter) => parameter.split(' ')).filter((scope) => scope !== '');
  if (scopes.length > maxScopes)
    throw new RegistryError({
      is: 'request-invalid',
      why: `${scopes.length} scopes are requested, and at most ${maxScopes} are allowed`,
    });
  return scopes.flatMap(parseScope);
}

/** Parses `type:name:action,action`; the name may hold colons, so it is read from both ends. */
function parseScope(scope: string): ResourceActions[] {
  const [first, last] = [scope.indexOf(':'), scope.lastIndexOf(':')];
  if (first === last || scope.length > maxScopeLength) return [];
  const type = resourceType(scope.slice(0, first));
  const asked = scope
    .slice(last + 1)
    .split(',')
    .map((action) => synonyms[action] ?? action);
  const actions = type === 'repository' && asked.includes('*') ? [...repositoryActions] : [...new Set(asked)];
  return [{ type, name: scope.slice(first + 1, last), actions }];
}

/**
 * Returns the type of a resource. Helm asks for an `artifact-repository`; a class in brackets (`repository(plugin)`)
 * says nothing about access.
 */
function resourceType(text: string): string {
  const type = text.replace(/\([a-z0-9]+\)$/, '');
  return type === 'artifact-repository' ? 'repository' : type;
}
