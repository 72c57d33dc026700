import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { axeFaults, open, settled } from './browser.ts';

interface Shown {
  readonly browser: Browser;
  readonly url: string;
  /** The repository of the images, and the one of very many tags of one image. */
  readonly repository: string;
  readonly many: string;
  /** The repository with the largest image, which was pulled too, and whose name comes last. */
  readonly largest: string;
}

const names = '.table tbody .row-head a';

/** Tries in a browser what users of other portals miss on the pages of tags and of an image (`test/portal/complaints.ts`). */
export function describeComplaints(shown: Shown): void {
  describeTags(shown);
  describeImage(shown);
}

function describeTags({ browser, url, repository, many, largest }: Shown): void {
  describe('all tags of a repository', () => {
    it('name the others of the same image, also where there are many', async () => {
      const { page } = await open(browser, `${url}/ui/tags?repository=${many}`);
      const cell = page.getByRole('rowheader').filter({ has: page.getByRole('link', { name: 'pr-0', exact: true }) });
      await cell.getByText('and 28 more').click();
      const [, named = '', rest] =
        /= (.*) and ([0-9]+) more$/.exec(await cell.innerText().then((text) => text.replace(/\s+/g, ' '))) ?? [];
      expect([named.match(/pr-[0-9]+/g)?.length, rest]).toEqual([10, '19']);
      expect(await axeFaults(page)).toEqual([]);
      await page.close();
    });

    it('are sorted, and so are the repositories, as a whole by their size and their last pull', async () => {
      const { page } = await open(browser, `${url}/ui/tags?repository=${repository}`);
      await page.getByRole('button', { name: 'Last pull' }).click();
      await page.waitForURL(/sort=pulled&order=desc/);
      await expect.poll(() => page.locator(names).first().textContent(), { timeout: 90_000 }).toBe('1.0');
      await page.getByRole('button', { name: 'Size, as pulled' }).click();
      await page.waitForURL(/sort=size&order=desc/);
      await expect.poll(() => page.locator(names).first().textContent(), { timeout: 30_000 }).toBe('multi');
      await page.goto(`${url}/ui/repositories`);
      const first = async (count: number) => (await page.locator(names).allTextContents()).slice(0, count);
      for (const [column, sort, expected] of [
        // Both were pulled, and no other one; they may have been in the same minute.
        ['Last pull', 'pulled', [repository, largest]],
        ['Size', 'size', [largest]],
      ] as const) {
        await page.getByRole('button', { name: column }).click();
        await page.waitForURL(new RegExp(`sort=${sort}&order=desc`));
        await page.getByRole('columnheader', { name: column }).and(page.locator('[aria-sort=descending]')).waitFor();
        const seen = async () => (await first(expected.length)).toSorted();
        await expect.poll(seen, { timeout: 90_000 }).toEqual([...expected].toSorted());
      }
      await page.close();
    });

    it('are deleted by their age, once their number was shown', async () => {
      const { page, requests } = await open(browser, `${url}/ui/tags?repository=${many}&search=pr-2*`);
      await page.getByRole('button', { name: 'Delete by age …' }).click();
      const form = page.getByRole('dialog', { name: 'Delete by age' });
      await form.getByRole('button', { name: 'Count them' }).click();
      await form.getByText('No tag matches').waitFor();
      await form.getByLabel('Not pushed for days').fill('0.00001');
      expect(await axeFaults(page)).toEqual([]);
      await form.getByRole('button', { name: 'Count them' }).click();
      await page.getByRole('dialog', { name: 'Delete 11 tags?' }).getByText('and match pr-2*').waitFor();
      await page.getByRole('button', { name: 'Delete 11 tags' }).click();
      const undo = page.getByRole('button', { name: 'Undo' });
      await undo.waitFor();
      expect(requests.filter((each) => each.startsWith('POST'))).toEqual(['POST /api/v1/bulk-deletions']);
      await undo.click();
      await page.getByText('1–11 of 11').waitFor();
      await page.close();
    });
  });
}

function describeImage({ browser, url, repository }: Shown): void {
  describe('all about an image', () => {
    it('shows how it runs: ports, entrypoint, environment and labels', async () => {
      const { page } = await open(browser, `${url}/ui/image?repository=${repository}&reference=6.0.10&view=config`);
      const text = (await page.locator('main').textContent()) ?? '';
      for (const shown of ['8080/tcp', '["/app","--serve"]', 'VERSION=6.0.10', 'org.example.version'])
        expect(text).toContain(shown);
      await page.close();
    });

    it('says of its size that it is compressed, and of each layer in how many images it is', async () => {
      const address = `${url}/ui/image?repository=${repository}&reference=6.0.10`;
      const { page } = await open(browser, address);
      expect(await page.getByRole('region', { name: 'About' }).textContent()).toContain('compressed, as pulled');
      await page.goto(`${address}&view=layers`);
      await settled(page);
      const rows = await page.getByRole('table', { name: 'Layers' }).locator('tbody tr').allTextContents();
      expect(rows.map((row) => /\d+ images?/.exec(row)?.[0])).toEqual([
        expect.stringMatching(/^([2-9]|[1-9][0-9]) images$/),
        undefined,
      ]);
      expect(await page.getByRole('columnheader', { name: 'Size, as pulled' }).count()).toBe(1);
      await page.close();
    });

    it('shows who has pulled it, and that a scanner is nobody who uses it', async () => {
      const { page } = await open(browser, `${url}/ui/image?repository=${repository}&reference=1.0&view=pulls`);
      const clients = (await page.getByRole('region', { name: 'Pulls by client' }).textContent()) ?? '';
      expect(clients).toMatch(/scanner, which uses nothing of it\D*2/);
      expect(clients).toMatch(/docker\D*1/);
      await page.close();
    });
  });
}
