import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import type { StandInAdapter } from '../shared/features/scanning/adapter/stand-in-adapter.ts';
import { startStandInAdapter } from '../shared/features/scanning/adapter/stand-in-adapter.ts';
import { high, scansAsked } from '../shared/features/scanning/scanned.ts';
import { command } from './command.ts';
import type { Described } from './oci-layout.ts';
import { OciLayout } from './oci-layout.ts';

// A scanner of the pluggable scanner API beside the whole stack: what skopeo pushes is scanned, held or released, and
// scanned again when the scanner's database is newer.

const policy = { mode: 'enforce', repositories: { include: ['team/*'] }, block: { severity: 'high' } };
let required: RequiredStack;
let adapter: StandInAdapter;
let layout: OciLayout;
let puller: string;

beforeAll(async () => {
  [required, adapter] = await Promise.all([startRequiredStack(), startStandInAdapter()]);
  layout = new OciLayout(join(required.folder, 'layout'));
  puller = await required.makeToken('puller', ['repositories/**/content/read']);
  await required.manage('PUT', '/scanning/scanners/trivy', { url: adapter.url, registryUrl: required.stack.url });
  await required.manage('PUT', '/scanning/policies/block', policy);
});

afterAll(async () => {
  adapter.close();
  await required.stop();
});

const registry = () => required.stack.url.replace('http://', '');

async function push(name: string): Promise<Described> {
  const image = await layout.image([randomBytes(1_000)]);
  await layout.name(image, name);
  const credentials = ['--dest-tls-verify=false', '--dest-creds', `admin:${required.password}`, '--preserve-digests'];
  const place = `docker://${registry()}/team/app:${name}`;
  await command('skopeo', ['copy', ...credentials, `oci:${join(required.folder, 'layout')}:${name}`, place]);
  return image;
}

function pull(name: string): Promise<string> {
  const credentials = ['--src-tls-verify=false', '--src-creds', `puller:${puller}`];
  return command('skopeo', [
    'copy',
    ...credentials,
    `docker://${registry()}/team/app:${name}`,
    `oci:${join(required.folder, 'pulled')}:${name}`,
  ]);
}

interface Shown {
  readonly held: boolean;
  readonly judgements: { readonly state: string; readonly reasons: string[] }[];
}

function verdict(name: string): Promise<Shown> {
  const path = `/images/verdict?repository=team%2Fapp&reference=${name}`;
  return fetch(`${required.stack.url}/api/v1${path}`, {
    headers: { authorization: `Basic ${Buffer.from(`admin:${required.password}`).toString('base64')}` },
  }).then((answer) => answer.json() as Promise<Shown>);
}

/** Waits for a state of the only judgement, and returns the milliseconds that it took. */
async function untilJudged(name: string, state: string): Promise<number> {
  const began = performance.now();
  await expect
    .poll(async () => (await verdict(name)).judgements[0]?.state, { timeout: 90_000, interval: 50 })
    .toBe(state);
  return performance.now() - began;
}

describe('a scanner beside the stack', () => {
  it('has a clean image released soon after its push, and pulls it by the credential that it is given', async () => {
    const image = await push('clean');
    const took = await untilJudged('clean', 'passed');
    console.log(`released ${Math.round(took)} ms after the push, by a scanner that needs no time`);
    await pull('clean');
    const [asked] = scansAsked(adapter);
    const answer = await fetch(`${asked?.registry.url ?? ''}/v2/team/app/manifests/${image.digest}`, {
      headers: { authorization: asked?.registry.authorization ?? '', accept: '*/*' },
    });
    expect(answer.status).toBe(200);
  });

  it('has one with a finding held, and skopeo is told why; an exception releases it', async () => {
    adapter.vulnerabilities = [high];
    // "Not yet", three times, without a Refresh-After: the registry asks again by itself.
    adapter.polls = 3;
    await push('found');
    const took = await untilJudged('found', 'failed');
    console.log(
      `held for its finding ${Math.round(took)} ms after the push, by a scanner that is asked three times more`,
    );
    await expect(pull('found')).rejects.toThrow(/is held: The policy .*block.* blocks findings of severity high/);
    await required.manage('PUT', '/scanning/exceptions/later', {
      vulnerability: high.id,
      owner: 'security@example.com',
      reason: 'not reachable here',
      expiresAt: new Date(Date.now() + 3 * 86_400_000).toISOString(),
    });
    await untilJudged('found', 'passed');
    await pull('found');
  });

  it('scans again when its database is newer, and no pull fails while it does', async () => {
    const before = scansAsked(adapter).length;
    adapter.vulnerabilities = [];
    adapter.polls = 6;
    adapter.databaseUpdatedAt = new Date(Date.now() + 60_000).toISOString();
    await required.manage('POST', '/scanning/scanners/trivy/check', {});
    const digests = new Set<string>();
    const began = performance.now();
    while (digests.size < 2 && performance.now() - began < 120_000) {
      await Promise.all([pull('clean'), pull('found')]);
      await sleep(200);
      for (const { artifact } of scansAsked(adapter).slice(before)) digests.add(artifact.digest);
    }
    expect(digests.size).toBe(2);
    console.log(
      `both were asked for again ${Math.round((performance.now() - began) / 1_000)} s after the new database`,
    );
    await Promise.all([pull('clean'), pull('found')]);
  });
});
