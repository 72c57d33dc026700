import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import type { Caller } from '../../core/ports/authorize.ts';
import type { CountPull } from '../../core/ports/pulls.ts';
import type { Route } from './route.ts';

/**
 * Counts a GET or HEAD that was answered, also with 304, for the client has the image and uses it. A HEAD of a blob is
 * part of a push and not counted. `digest` is that of the manifest in the answer.
 */
export function countAnswered(
  pulls: CountPull,
  key: RepositoryKey,
  route: Route,
  { request, caller }: { readonly request: Request; readonly caller: Caller },
  digest: Digest | undefined,
): void {
  const head = request.method === 'HEAD';
  const client = { key, actor: caller.actor, userAgent: request.headers.get('user-agent') ?? '' };
  if (route.to === 'blob' && !head) pulls.countPull({ ...client, what: 'blob', digest: undefined, tag: undefined });
  if (route.to === 'manifest')
    pulls.countPull({
      ...client,
      what: head ? 'head' : 'manifest',
      digest,
      tag: isDigest(route.reference) ? undefined : route.reference,
    });
}
