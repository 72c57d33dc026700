import type { Isolation } from '../../shared/adapters/buildah/requirements.ts';
import { isolationOf } from '../../shared/adapters/buildah/requirements.ts';
import { buildLimitsSchema } from '../../shared/adapters/buildah/settings.ts';
import type { Sandboxed } from '../../shared/adapters/buildah/workplace.ts';
import { loopbackNetworks, reachOf } from '../../shared/core/outbound/public-address.ts';

let isolation: Isolation | undefined;

/** Returns the local stack's settings of a sandboxed builder, with those that a test sets otherwise. */
export function sandboxed({
  limits: text = '',
  ...given
}: Partial<Omit<Sandboxed, 'limits'>> & { readonly limits?: string } = {}): Sandboxed {
  const limits = buildLimitsSchema.parse(text);
  isolation ??= isolationOf({ limits, steps: 'oci', network: 'none' });
  return { isolation, steps: 'oci', network: 'none', reach: reachOf(loopbackNetworks), stores: [], limits, ...given };
}

/** Returns the origins to which a registry redirects clients for the blobs of an image. */
export async function storesOf(registry: string, repository: string, tag = '1'): Promise<string[]> {
  const { config } = (await (await fetch(`${registry}/v2/${repository}/manifests/${tag}`)).json()) as {
    config: { digest: string };
  };
  const redirected = await fetch(`${registry}/v2/${repository}/blobs/${config.digest}`, { redirect: 'manual' });
  return [new URL(redirected.headers.get('location') ?? '').origin];
}
