import type { Look } from '../../app/life.ts';

export async function look(api: Look): Promise<void> {
  await api('listReplicationRegions');
}
