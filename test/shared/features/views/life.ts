import type { Look } from '../../app/life.ts';

export async function look(api: Look): Promise<void> {
  await api('getOverview');
  for (const sort of ['name', 'pushed', 'pulled', 'size']) {
    await api('listRepositories', {}, { sort });
    await api('listTags', {}, { repository: 'team/app', sort });
  }
  await api('listRepositories', {}, { search: 'app', sort: 'size' });
  await api('listRepositoryTree', {}, { prefix: 'team/' });
  for (const kind of ['all', 'untagged', 'referrers']) await api('listManifests', {}, { repository: 'team/app', kind });
}
