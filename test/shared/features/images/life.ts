import type { Life, Look } from '../../app/life.ts';
import { pushImage } from '../../app/life.ts';
import { build } from '../builds/bases/building.ts';

const app = build('team/app', 'app', { base: build('base', 'base 1') });

export async function grow(life: Life): Promise<void> {
  const image = build('team/removed', 'removed');
  await pushImage(life, image, '1');
  const query = { repository: 'team/removed', reference: '1', digest: image.digest };
  const { group } = await life.api('deleteImage', { query });
  await life.api('restoreDeleted', { body: { group } });
}

export async function look(api: Look): Promise<void> {
  const image = { repository: 'team/app', reference: '1' };
  await api('getImage', {}, image);
  await api('getImageConfig', {}, { repository: 'team/app', digest: app.digest });
  await api('compareImages', {}, { from: 'team/app:1', to: 'base:1' });
  await api('previewImageDeletion', {}, image);
}
