import type { Life, Look } from '../../app/life.ts';
import { pushImage } from '../../app/life.ts';
import { build } from '../builds/bases/building.ts';

export async function look(api: Look): Promise<void> {
  await api('getOverview');
  for (const sort of ['name', 'pushed', 'pulled', 'size']) {
    await api('listRepositories', {}, { sort });
    await api('listTags', {}, { repository: 'team/app', sort });
  }
  await api('listRepositories', {}, { search: 'app', sort: 'size' });
  await api('listRepositoryTree', {}, { prefix: 'team/' });
  await api('previewBulkDeletion', {}, { repository: 'team/app', search: '*' });
  for (const kind of ['all', 'untagged', 'referrers']) await api('listManifests', {}, { repository: 'team/app', kind });
}

export async function grow(life: Life): Promise<void> {
  await pushImage(life, build('team/bulk', 'bulk'), 'pr-1');
  const body = { repository: 'team/bulk', search: 'pr-*', expected: 1 };
  const { id } = await life.api('createBulkDeletion', { body });
  life.keep('bulk', id);
  await life.api('undoBulkDeletion', { params: { id: String(id) } });
  await life.api('cancelBulkDeletion', { params: { id: String(id) }, ok: [409] });
  await life.api('getBulkDeletion', { params: { id: String(id) } });
  await life.api('listBulkDeletions');
}
