import { readStored } from '../../../core/documents/stored.ts';
import type { BuildPorts } from '../ports.ts';
import type { UpstreamLogin } from './documents.ts';
import { upstreamLoginRef, upstreamLoginSchema, usualUpstreamHosts } from './documents.ts';

/**
 * Says whether a tag of another registry may be asked for, and how its host was listed. An image that anybody pushes
 * can name any host as its base, and the request is made by this machine, from its network: so a host must be listed by
 * the operator (LONGSHORE_UPSTREAM_HOSTS) or by an administrator (/bases/upstreams), or the base by the author of a
 * task that is built on it. Throws `StoreFailure`.
 */
export async function listingOf(
  ports: BuildPorts,
  base: string,
  tag: string,
): Promise<{ readonly upstream: UpstreamLogin | undefined } | 'not listed'> {
  const host = base.slice(0, base.indexOf('/')).toLowerCase();
  const { hosts = usualUpstreamHosts } = ports.upstream;
  const upstream = (await readStored(ports.documents, upstreamLoginSchema, upstreamLoginRef(ports.registry, host)))
    ?.document;
  if (upstream !== undefined || hosts.includes(host)) return { upstream };
  const where = [
    { path: 'type', is: '=' as const, value: 'edge' },
    { path: 'registry', is: '=' as const, value: ports.registry },
    { path: 'tag', is: '=' as const, value: tag },
    { path: 'isListed', is: '=' as const, value: true },
  ];
  const { documents } = await ports.documents.queryDocuments({
    container: 'dependencies',
    partition: [base],
    where,
    limit: 1,
  });
  return documents.length > 0 ? { upstream } : 'not listed';
}

/** Says what an administrator can do about a host that is not listed. */
export function notListed(base: string): string {
  const host = base.slice(0, base.indexOf('/'));
  return (
    `${host} is not an upstream: add it by PUT /api/v1/bases/upstreams/${host}, or to the "pulls" ` +
    'of the task that is built on it'
  );
}
