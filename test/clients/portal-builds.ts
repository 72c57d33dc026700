import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { keepPicture } from './browser.ts';
import { baseOf, contextOf, imageOn } from './portal-bases.ts';
import { callsBy } from './portal-calls.ts';
import { button, open, openSignedIn, page, registry } from './portal-signed-in.ts';

const host = () => new URL(registry.stack.url).host;
/** The id of a build that other tests may show. */
export const built = { id: '' };

/** Makes a task of a Dockerfile whose base is here. */
async function putTask(name: string, step: string, base = 'live/base:1'): Promise<void> {
  const context = await contextOf(`FROM ${host()}/${base}\n${step}\n`);
  await callsBy(registry).pushBlob('contexts', context);
  const settings = { image: `live/${name}:1`, context: { repository: 'contexts', digest: digestOf(context) } };
  await registry.manage('PUT', `/tasks/${name}`, settings);
}

const summary = () => page.getByRole('region', { name: 'Summary' }).getByRole('status');
const log = () => page.getByRole('region', { name: 'Log', exact: true });

/** The journeys of builds, in the stack of the test that calls this. */
export function describeBuilds(): void {
  describe('the pages of builds', () => {
    it('show by themselves the build that follows from a base, with its log, and then that all is up to date', async () => {
      const { push } = callsBy(registry);
      const one = await baseOf('one');
      await push('live/base', '1', one);
      await registry.manage('PUT', '/builds/policies/live', {
        repositories: { include: ['live/rebased'] },
        mode: 'rebase',
      });
      await push('live/rebased', '1', await imageOn(one, `${host()}/live/base:1`));
      await putTask('app', 'RUN ["/bin/busybox", "cat", "/base.txt"]');
      await openSignedIn('/bases?image=live/base:1');
      await page.getByText('2 images built on it').waitFor({ timeout: 30_000 });
      await open('/builds');
      await page.getByText('Nothing was built.').waitFor();
      await page.evaluate('globalThis.isSameDocument = true');
      await push('live/base', '1', await baseOf('two'));
      await page.getByRole('link', { name: 'live/base:1' }).click({ timeout: 60_000 });
      const steps = page.getByRole('list', { name: 'Images by level' });
      await steps
        .locator('.card')
        .filter({ hasText: 'live/app:1' })
        .getByRole('link', { name: 'Log of live/app:1' })
        .click();
      await log().getByText('version two').waitFor({ timeout: 120_000 });
      await summary()
        .getByText(/^finished: 2 made/)
        .waitFor({ timeout: 60_000 });
      await log().getByText('live', { exact: true }).waitFor({ state: 'detached' });
      expect(await page.evaluate('globalThis.isSameDocument')).toBe(true);
      await keepPicture(page, 'build');
      built.id = new URL(page.url()).searchParams.get('id') ?? '';
      await open('/bases?image=live/base:1');
      const dependents = page.getByRole('list', { name: 'Dependents' });
      await expect.poll(() => dependents.getByText('up to date').count(), { timeout: 30_000 }).toBe(2);
      await keepPicture(page, 'bases');
    });

    it('show the lines of a log while its image is made, cancel that, and begin it again', async () => {
      await putTask('slow', 'RUN ["/bin/busybox", "sh", "-c", "echo first; sleep 2; echo second; sleep 987"]');
      await openSignedIn('/builds');
      await registry.manage('POST', '/tasks/slow/run', {});
      const row = page.getByRole('row', { name: /live\/slow:1/ }).first();
      await row.getByRole('link').click({ timeout: 60_000 });
      await page.getByRole('link', { name: 'Log of live/slow:1' }).click();
      await log().getByText('live', { exact: true }).waitFor();
      // The step would go on: they are seen before it has ended.
      await log().getByText('first').waitFor({ timeout: 60_000 });
      await log().getByText('second').waitFor({ timeout: 60_000 });
      await button('Cancel').click();
      await summary()
        .getByText(/^cancelled: .*1 (failed|stopped)/)
        .waitFor({ timeout: 60_000 });
      await keepPicture(page, 'build-cancelled');
      const url = page.url();
      await button('Retry').click();
      await page.waitForURL((now) => now.href !== url);
      await page.getByText('running', { exact: true }).first().waitFor({ timeout: 60_000 });
      await page.getByRole('link', { name: 'All builds' }).click();
      await row.getByRole('button', { name: 'Cancel' }).click();
      await row.getByText('cancelled').waitFor({ timeout: 60_000 });
    });

    it('show the hook of a task, say why its build has failed, and try it again', async () => {
      await putTask('mended', 'RUN ["/bin/busybox", "cat", "/none.txt"]');
      await openSignedIn('/builds?view=tasks');
      await button('Hook of mended').click();
      await page.getByText('There are no secrets yet').waitFor();
      await button('New secrets').click();
      await page.getByRole('dialog', { name: 'Secrets of mended' }).waitFor();
      await button('I have kept it').click();
      await button('Hook of mended').click();
      await page.getByText(/^Its secrets were made/).waitFor();
      await button('Delete the secrets').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByText('The secrets are deleted.').waitFor();
      await open('/builds');
      await registry.manage('POST', '/tasks/mended/run', {});
      const row = page.getByRole('row', { name: /live\/mended:1/ }).first();
      await row.getByText('failed').waitFor({ timeout: 60_000 });
      await row.getByRole('link').click();
      await page.getByText(/ended with exit code/).waitFor();
      await page.getByRole('link', { name: 'Log of live/mended:1' }).click();
      await log()
        .getByText(/none\.txt.*No such file/)
        .waitFor();
      await putTask('mended', 'RUN ["/bin/busybox", "true"]');
      await button('Retry').click();
      await summary()
        .getByText(/^finished: 1 made/)
        .waitFor({ timeout: 60_000 });
    });

    it('give the whole log to somebody who has signed in, as a file, and stay where they are', async () => {
      await callsBy(registry).push('long/base', '1', await baseOf('long'));
      await putTask('long', 'RUN ["/bin/busybox", "seq", "1", "5000"]', 'long/base:1');
      await openSignedIn('/builds');
      await registry.manage('POST', '/tasks/long/run', {});
      const row = page.getByRole('row', { name: /live\/long:1/ }).first();
      await row.getByRole('link').click({ timeout: 60_000 });
      await page.getByRole('link', { name: 'Log of live/long:1' }).click();
      await log().getByText('ended', { exact: true }).waitFor({ timeout: 60_000 });
      await page.getByText(/^The first [\d,]+ lines are not shown/).waitFor();
      const url = page.url();
      const download = page.waitForEvent('download', { timeout: 30_000 });
      await button('Save the whole log').click();
      const file = await download;
      expect(file.suggestedFilename()).toMatch(/^live-long-1.*\.log$/);
      const lines = (await readFile(await file.path(), 'utf8')).split('\n');
      expect(lines.filter((line) => /^\d+$/.test(line))).toEqual(
        Array.from({ length: 5_000 }, (_, at) => String(at + 1)),
      );
      expect(page.url()).toBe(url);
    });
  });
}
