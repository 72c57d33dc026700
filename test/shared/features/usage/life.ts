import type { Look } from '../../app/life.ts';

export async function look(api: Look): Promise<void> {
  for (const of of ['getUsage', 'getPulledShare', 'getForecast']) await api(of);
  await api('listTopRepositories', {}, { by: 'pushes' });
  await api('exportUsage', {}, { of: 'repositories' });
}
