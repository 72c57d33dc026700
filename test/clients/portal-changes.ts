import { describe, expect, it } from 'vitest';
import { button, open, openSignedIn, page, receiver, registry } from './portal-signed-in.ts';

/** Drives the forms of the portal that change what is there, and what they show meanwhile. */
export function describeChanges(): void {
  describe('the forms of the portal', () => {
    it('change a webhook, and let a receiver change over to a new secret', async () => {
      const put = { serviceUri: receiver.url, actions: ['push'], scope: 'team/*' };
      await registry.manage('PUT', '/webhooks/changed', put);
      await openSignedIn('/webhook?name=changed');
      await button(/^Change$/).click();
      const form = page.getByRole('dialog', { name: 'Change changed' });
      await form.getByLabel('Scope', { exact: true }).fill('team/other');
      await form.getByLabel('Longshore.TagMoved', { exact: true }).check();
      await form.getByRole('button', { name: 'Save' }).click();
      await page.getByText('team/other').waitFor();
      expect(await registry.manage('GET', '/webhooks/changed')).toMatchObject({
        scope: 'team/other',
        actions: ['push', 'Longshore.TagMoved'],
      });
      expect(await button('End the newest secret').getAttribute('aria-disabled')).toBe('true');
      await button('New secret').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Make it' }).click();
      await button('I have kept it').click();
      await page.getByRole('heading', { name: '2 secrets' }).waitFor();
      await button('End the secret before').click();
      await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
      await page.getByRole('heading', { name: '1 secret' }).waitFor();
    });

    it('change a purge policy by all its fields, and show what it would remove then', async () => {
      const remove = [{ name: 'old', olderThanDays: 300 }];
      await registry.manage('PUT', '/purge/policies/changed', { repositories: { include: ['team/hook'] }, remove });
      await openSignedIn('/purge');
      await button('Change changed').click();
      const form = page.getByRole('dialog', { name: 'Change changed' });
      await form.getByLabel('Was pushed before days', { exact: true }).fill('400');
      await button('Another: it stays if all of this holds').click();
      const keep = form.getByRole('group', { name: 'It stays if all of this holds (1)' });
      await keep.getByLabel('Name of the rule', { exact: true }).fill('ours');
      await keep.getByLabel('Has these labels', { exact: true }).fill('team=us');
      await form.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Nothing would go.').waitFor({ timeout: 60_000 });
      expect(await registry.manage('GET', '/purge/policies/changed')).toMatchObject({
        policy: {
          repositories: { include: ['team/hook'] },
          remove: [{ name: 'old', olderThanDays: 400 }],
          keep: [{ name: 'ours', labels: { team: 'us' } }],
        },
      });
    });

    it('show no answer beside a question that it does not answer, in whatever order answers come', async () => {
      await openSignedIn('/access');
      let [isFirst, letGo] = [true, () => {}];
      await page.route('**/api/v1/access?*', async (route) => {
        if (isFirst) {
          isFirst = false;
          await new Promise<void>((resolve) => (letGo = resolve));
        }
        // The page has given up the first by now.
        await route.continue().catch(() => {});
      });
      const form = page.getByRole('form', { name: 'May somebody do something?' });
      const asked = page.waitForRequest('**/api/v1/access?*');
      await form.getByLabel('Repository', { exact: true }).fill('team/first');
      await form.getByRole('button', { name: 'Ask' }).click();
      await asked;
      await form.getByLabel('Repository', { exact: true }).fill('team/second');
      await form.getByRole('button', { name: 'Ask' }).click();
      await form.getByText(/team\/second/).waitFor();
      letGo();
      await page.waitForLoadState('networkidle');
      expect(await form.getByText(/team\/first/).count()).toBe(0);
      await form.getByLabel('Repository', { exact: true }).fill('team/third');
      await form.getByText(/team\/second/).waitFor({ state: 'detached' });
    });

    it('keep what is typed in the settings while they are saved, and say when somebody else has saved first', async () => {
      const stored = { enabled: true, retentionDays: 10, restoreOnPull: true };
      await registry.manage('PUT', '/soft-delete', stored);
      await openSignedIn('/settings');
      const card = page.getByRole('region', { name: 'Recycle bin' });
      const days = card.getByLabel('For so many days', { exact: true });
      await days.fill('20');
      await card.getByRole('button', { name: 'Save' }).click();
      await page.getByText('The recycle bin is changed.').waitFor();
      expect(await days.inputValue()).toBe('20');
      await days.fill('30');
      await registry.manage('PUT', '/soft-delete', { ...stored, restoreOnPull: false });
      await card.getByRole('button', { name: 'Save' }).click();
      await page.getByText(/Somebody else has changed this/).waitFor();
      await expect.poll(() => card.getByLabel('Restore what is pulled', { exact: true }).isChecked()).toBe(false);
      expect(await days.inputValue()).toBe('30');
      await card.getByRole('button', { name: 'Save' }).click();
      const saved = () => registry.manage('GET', '/soft-delete');
      await expect.poll(saved).toEqual({ ...stored, retentionDays: 30, restoreOnPull: false });
    });

    it('list another registry as an upstream, let one notify by a secret that is shown once, and end a report of use', async () => {
      await openSignedIn('/bases?view=upstreams');
      await button('Add an upstream').click();
      const form = page.getByRole('dialog', { name: 'Add an upstream' });
      await form.getByLabel('Host', { exact: true }).fill('registry.example');
      await form.getByLabel('User', { exact: true }).fill('mirror');
      await form.getByLabel('Secret of the vault', { exact: true }).fill('longshore-user-x');
      await form.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('row', { name: /registry\.example.*mirror/ }).waitFor();
      await button('Delete registry.example').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByText('No upstream is listed.').waitFor();
      await open('/bases?view=sources');
      await page.getByLabel('Kind of registry', { exact: true }).selectOption('quay');
      await button('New secret').click();
      const shown = page.getByRole('dialog', { name: 'Secret of quay' });
      expect(await shown.locator('code').last().innerText()).toMatch(/^whsec_/);
      await button('I have kept it').click();
      await button('Delete the secret of quay').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByText('No registry notifies this one.').waitFor();
      const digests = [`sha256:${'a'.repeat(64)}`];
      await registry.manage('PUT', '/in-use/cluster-1', { digests, ttlSeconds: 3600 });
      await open('/purge?view=in-use');
      await page.getByRole('row', { name: /cluster-1/ }).waitFor();
      await button('Delete the report of cluster-1').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByText('Nobody has reported what is in use.').waitFor();
    });

    it('change what a region gets, and refuse to where somebody else has changed that meanwhile', async () => {
      const settings = {
        paused: false,
        filters: { repositories: { include: ['**'], exclude: [] }, tags: { include: ['*'], exclude: [] } },
        priority: 5,
        verify: 'size',
        endpoint: true,
      };
      const at = '2026-01-01T00:00:00Z';
      let replica: object = { region: 'north', status: 'active', settings, createdAt: at, updatedAt: at };
      const changes: unknown[] = [];
      // This stack has one region: the answers are those of a registry with two.
      await page.route('**/api/v1/replications?*', (route) =>
        route.fulfill({ json: { items: [replica], regions: ['local', 'north'] } }),
      );
      await page.route('**/api/v1/replications/north', (route) => {
        if (route.request().method() === 'PATCH') changes.push(route.request().postDataJSON());
        return route.fulfill({ json: replica });
      });
      await openSignedIn('/regions');
      await button('Change north').click();
      const form = page.getByRole('dialog', { name: 'Change north' });
      await form.getByLabel('Repositories', { exact: true }).fill('team/** base');
      await form.getByLabel('Priority', { exact: true }).fill('1');
      await form.getByLabel('Bytes a second', { exact: true }).fill('20000000');
      const before = replica;
      replica = { ...before, settings: { ...settings, priority: 9 } };
      await form.getByRole('button', { name: 'Save' }).click();
      await form.getByText(/Somebody else has changed this/).waitFor();
      expect(changes).toEqual([]);
      replica = { ...before, updatedAt: '2026-01-02T00:00:00Z' };
      await form.getByRole('button', { name: 'Save' }).click();
      await form.waitFor({ state: 'detached' });
      expect(changes).toMatchObject([
        {
          filters: { ...settings.filters, repositories: { include: ['team/**', 'base'], exclude: [] } },
          priority: 1,
          bytesPerSecond: 20_000_000,
        },
      ]);
    });

    it('read the log of a build from where it was read to, follow its end, and stop when it has ended', async () => {
      await openSignedIn('/builds');
      const asked: (string | null)[] = [];
      const lines = (part: number) => Array.from({ length: 300 }, (_, at) => `line ${part * 300 + at}\n`).join('');
      // The answers of the API: what a build prints, and how fast, must not be a matter of chance here.
      await page.route('**/api/v1/builds/*/log?*', (route) => {
        const part = asked.push(new URL(route.request().url()).searchParams.get('after')) - 1;
        const headers = {
          'X-Longshore-Log-Cursor': `1.${part}.-1`,
          ...(part === 9 ? { 'X-Longshore-Log-Ended': 'true' } : {}),
        };
        return route.fulfill({ contentType: 'text/plain', headers, body: lines(part) });
      });
      await open('/build?id=00000000-0000-4000-8000-000000000000&image=team/app:1');
      const log = page.getByLabel('Lines of the log');
      await log.getByText(/line 299/).waitFor();
      const box = "document.querySelector('.log')";
      const fromEnd = () => page.evaluate<number>(`${box}.scrollHeight - ${box}.scrollTop - ${box}.clientHeight`);
      await expect.poll(fromEnd).toBeLessThan(24);
      await page.evaluate(`${box}.scrollTo({ top: 0 })`);
      await button('Follow the end').waitFor();
      await log.getByText(/line 1199/).waitFor();
      expect(await fromEnd()).toBeGreaterThan(24);
      await button('Follow the end').click();
      await page.getByText('ended', { exact: true }).waitFor({ timeout: 30_000 });
      await expect.poll(fromEnd).toBeLessThan(24);
      expect(asked).toEqual(['', ...Array.from({ length: 9 }, (_, part) => `1.${part}.-1`)]);
      const shown = (await log.innerText()).split('\n').filter((line) => line !== '');
      expect([shown.length <= 2_000, shown.at(-1)]).toEqual([true, 'line 2999']);
    });
  });
}
