import { describe, expect, it } from 'vitest';
import { explained, policed } from '../shared/features/purge/policed.ts';
import { makeImage, pushImage } from '../shared/image.ts';

async function verdictOf(tag: string): Promise<string | undefined> {
  const longshore = policed();
  await pushImage(longshore.app, 'team/app', tag, makeImage(tag));
  longshore.passDays(200);
  return (await explained(longshore.app, `team/app:${tag}`)).policies[0]?.tags[0]?.verdict;
}

describe('the default policy', () => {
  it.each(['1.2.3', 'v1.2.3', '1.2', 'v1', 'v2', '0.1.0', '999.1', '24.4.1', '1.2.3_build'])(
    'keeps the release %s',
    async (tag) => {
      expect(await verdictOf(tag)).toBe('keep');
    },
  );

  it.each([
    '48213',
    '7',
    '2026.1.15',
    '2026.01.15',
    '2026.1',
    '20260115',
    '20260115.3',
    '1234567',
    '0123456',
    'v48213',
    'v20260115',
    '2026-01-15',
    '12345678901234567890',
    '1.2.3-rc.1',
    'main',
  ])('takes %s, which is none, when nobody pulls it', async (tag) => {
    expect(await verdictOf(tag)).toBe('due');
  });
});
