import { describe, expect, it } from 'vitest';
import type { App } from '../../shared/app/app.ts';
import { currentPlan, planOf, policed, putPolicy, tagsOf } from '../shared/features/purge/policed.ts';
import { makeImage, pushImage } from '../shared/image.ts';

const hex = ({ digest }: { digest: string }) => digest.slice('sha256:'.length);

/** Images that are each signed and attested by tag, oldest first, as cosign does. */
async function pushSigned(app: App, repository: string, count: number): Promise<void> {
  for (let n = 1; n <= count; n += 1) {
    const image = makeImage(`${repository} ${n}`);
    await pushImage(app, repository, `v${n}`, image);
    for (const ending of ['sig', 'att'])
      await pushImage(app, repository, `sha256-${hex(image)}.${ending}`, makeImage(`${ending} of ${repository} ${n}`));
    await pushImage(app, repository, `rel-sha256-${hex(image)}.sig`, makeImage(`prefixed of ${repository} ${n}`));
  }
}

describe('five images that are signed and attested by tag', () => {
  it('all stay under a rule that leaves the newest five, and under one that keeps them', async () => {
    for (const rules of [
      { remove: [{ name: 'beyond', beyondNewest: 5 }] },
      { remove: [{ name: 'all', olderThanDays: 7 }], keep: [{ name: 'five', newest: 5 }] },
    ]) {
      const longshore = policed();
      await pushSigned(longshore.app, 'team/app', 5);
      await longshore.deliver();
      longshore.passDays(30);
      await putPolicy(longshore.app, { ...rules, brakePercent: 100 });
      expect((await planOf(longshore.app)).items).toEqual([]);
    }
  });

  it('lose the one that is beyond the newest four, with what is about it and nothing else', async () => {
    const longshore = policed();
    await pushSigned(longshore.app, 'team/app', 5);
    await longshore.deliver();
    longshore.passDays(30);
    await putPolicy(longshore.app, { remove: [{ name: 'beyond', beyondNewest: 4 }], brakePercent: 100 });
    const plan = await planOf(longshore.app);
    expect(tagsOf(plan)).toEqual(['v1']);
    expect(plan.manifests).toBe(4);
  });

  it('are five to the brake, whatever is about them', async () => {
    const longshore = policed();
    await pushSigned(longshore.app, 'team/app', 5);
    await longshore.deliver();
    longshore.passDays(30);
    // Two of five images are 40 %; two of twenty manifests would be 10.
    await putPolicy(longshore.app, { remove: [{ name: 'beyond', beyondNewest: 3 }], brakePercent: 39 });
    await planOf(longshore.app);
    expect((await currentPlan(longshore.app)).over).toEqual([
      { repository: 'team/app', going: 2, of: 5, what: 'manifests' },
      { repository: 'team/app', going: 2, of: 5, what: 'tags' },
    ]);
    await putPolicy(longshore.app, { remove: [{ name: 'beyond', beyondNewest: 3 }], brakePercent: 40 });
    expect((await planOf(longshore.app)).over).toEqual([]);
  });
});
