import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeImage } from '../shared/image.ts';
import { axeFaults } from './browser.ts';
import { callsBy } from './portal-calls.ts';
import { button, openSignedIn, page, registry } from './portal-signed-in.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const repository = 'guarded/app';

/** Drives the pages by which images are held and released. */
export function describeVerdicts(): void {
  describe('the pages of policies and of what they hold', () => {
    it('make a policy by its fields, which say what is refused of them, and send no private key', async () => {
      await openSignedIn('/policies');
      const sent: string[] = [];
      page.on('request', (request) => sent.push(request.postData() ?? ''));
      await button('Add a trust policy').click();
      const form = page.getByRole('dialog', { name: 'Add a trust policy' });
      await form.getByLabel('Name', { exact: true }).fill('signed');
      await form.getByRole('radio', { name: /^Enforce/ }).check();
      await form.getByLabel('Repositories', { exact: true }).fill('Guarded');
      const key = form.getByLabel('Public key', { exact: true });
      await key.fill(privateKey);
      await form.getByText('This is a private key: it has not been sent.').first().waitFor();
      await form.getByRole('button', { name: 'Save' }).click();
      await form.getByRole('alert').getByText('This is a private key').waitFor();
      expect(sent.join()).not.toContain('PRIVATE KEY');
      const file = { name: 'cosign.pub', mimeType: 'text/plain', buffer: Buffer.from(publicKey) };
      await form.getByLabel('Public key: from a file').setInputFiles(file);
      await expect.poll(() => key.inputValue()).toBe(publicKey);
      await form.getByRole('button', { name: 'Save' }).click();
      const repositories = form.getByLabel('Repositories', { exact: true });
      await form.getByText(/^Number 1 is not a repository name/).waitFor();
      expect(await repositories.getAttribute('aria-invalid')).toBe('true');
      expect(await axeFaults(page)).toEqual([]);
      await repositories.fill('guarded/*');
      await form.getByRole('button', { name: 'Edit as JSON' }).click();
      expect(JSON.parse(await form.getByLabel('Settings as JSON').inputValue())).toMatchObject({ mode: 'enforce' });
      await form.getByRole('button', { name: 'Edit by fields' }).click();
      await form.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('row', { name: /signed.*enforce.*guarded\/\*.*release \(a key\)/ }).waitFor();
      expect(await registry.manage('GET', '/trust/policies/signed')).toMatchObject({
        mode: 'enforce',
        repositories: { include: ['guarded/*'], exclude: [] },
        sigstoreKeys: [{ name: 'release', keys: [publicKey], requireLog: false }],
      });
    });

    it('list what is held with the reason, release it for some hours, and show that on the image', async () => {
      const image = makeImage('guarded');
      await callsBy(registry).push(repository, '1', image);
      await openSignedIn('/held');
      const row = page.getByRole('row', { name: /guarded\/app.*signed/ });
      await row.getByRole('checkbox').check();
      await button('Release those selected …').click();
      const form = page.getByRole('dialog', { name: 'Release the image?' });
      await form.getByRole('button', { name: 'Release', exact: true }).click();
      await form.getByText(/Give a reason/).waitFor();
      await form.getByLabel('Reason', { exact: true }).fill('looked at by hand');
      await form.getByLabel('Hours', { exact: true }).fill('2');
      expect(await axeFaults(page)).toEqual([]);
      await form.getByRole('button', { name: 'Release', exact: true }).click();
      await page.getByText('No image is held.').waitFor();
      const verdict = `/images/verdict?repository=${encodeURIComponent(repository)}&reference=1`;
      expect(await registry.manage('GET', verdict)).toMatchObject({
        held: false,
        release: { by: 'admin', reason: 'looked at by hand' },
      });
      await openSignedIn(`/image?repository=${repository}&reference=1`);
      await page.getByText(/released until/).waitFor();
      await button('End the release').click();
      await page.getByText('▲ held').waitFor();
      await button('Release …').waitFor();
      expect(await registry.manage('GET', verdict)).toMatchObject({ held: true });
    });

    it('change the mode of a policy alone, and delete it', async () => {
      await openSignedIn('/policies');
      await button('Mode of signed').click();
      const form = page.getByRole('dialog', { name: 'Mode of signed' });
      await form.getByRole('radio', { name: /^Off/ }).check();
      await form.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('row', { name: /signed.*off/ }).waitFor();
      expect(await registry.manage('GET', '/trust/policies/signed')).toMatchObject({ mode: 'off' });
      await button('Delete signed').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByText('There is no trust policy.').waitFor();
    });
  });
}
