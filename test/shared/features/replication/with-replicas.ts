import { expect } from 'vitest';
import { call, replicating } from './replicating.ts';

export const blobsIn = ({ world }: ReturnType<typeof replicating>, region: string) =>
  world.region(region).blobs.names().length;

export async function withReplicas(settings: Parameters<typeof replicating>[0] = {}, replica: object = {}) {
  const regions = replicating(settings);
  for (const name of ['east', 'north', 'west'])
    expect((await call(regions.region.east, 'PUT', `/replicas/${name}`, name === 'east' ? {} : replica)).status).toBe(
      200,
    );
  await regions.minutes();
  return regions;
}
