import type { Life, Look } from '../../app/life.ts';
import { pushImage } from '../../app/life.ts';
import { build } from '../builds/bases/building.ts';

export async function grow(life: Life): Promise<void> {
  const image = build('held/app', 'held');
  const body = { mode: 'enforce', repositories: { include: ['held/*'] } };
  await life.api('putQuarantinePolicy', { params: { name: 'wait' }, body });
  await pushImage(life, image, '1');
  const query = { repository: 'held/app', digest: image.digest };
  await life.api('releaseImage', { query, body: { reason: 'it was tried by hand', hours: 1 } });
  await life.api('endImageRelease', { query });
  await life.api('getStatementKey');
  await life.api('getImageVerdictStatement', { query: { repository: 'held/app', reference: '1' } });
}

export async function look(api: Look): Promise<void> {
  await api('getImageVerdict', {}, { repository: 'held/app', reference: '1' });
  await api('listHeldImages');
  await api('getVerdictWalk');
}
