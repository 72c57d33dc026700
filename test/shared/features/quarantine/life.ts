import type { Life, Look } from '../../app/life.ts';

export async function grow(life: Life): Promise<void> {
  const params = { name: 'nights' };
  await life.api('putQuarantinePolicy', { params, body: { mode: 'audit', repositories: { include: ['nights/*'] } } });
  await life.api('updateQuarantinePolicy', { params, body: { backlog: 'hold' } });
  await life.api('putQuarantinePolicy', { params: { name: 'goes' }, body: { mode: 'off' } });
  await life.api('deleteQuarantinePolicy', { params: { name: 'goes' } });
}

export async function look(api: Look): Promise<void> {
  await api('listQuarantinePolicies');
  await api('getQuarantinePolicy', { name: 'nights' });
}
