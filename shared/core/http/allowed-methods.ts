/**
 * Returns the methods that routes have for a path; none if there is no such path. Only the one answer that names them
 * asks for it, so nothing is cached. HEAD comes with GET.
 */
export function allowedMethods(
  routes: readonly { readonly method: string; readonly path: string }[],
  path: string,
): readonly string[] {
  const parts = path.split('/');
  const found = routes.filter(({ method, path: pattern }) => method !== 'ALL' && fits(pattern.split('/'), parts));
  const methods = new Set(found.map(({ method }) => method));
  return [...methods, ...(methods.has('GET') ? ['HEAD'] : [])].sort();
}

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  return pattern.length === parts.length && pattern.every((part, at) => part.startsWith(':') || part === parts[at]);
}
