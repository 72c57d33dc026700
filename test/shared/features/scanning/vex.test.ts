import { afterEach, describe, expect, it } from 'vitest';
import type { TestImage } from '../../image.ts';
import { makeImage } from '../../image.ts';
import { manage } from '../identity/required.ts';
import { attested } from '../trust/signing.ts';
import { ecKeyPair, pemOf } from '../trust/sigstore/instance.ts';
import { closeAdapters, high, policy, scannedWorld } from './scanned.ts';

afterEach(closeAdapters);
const [vendor, stranger] = [ecKeyPair(), ecKeyPair()];
const image = makeImage('to be scanned');
const type = 'https://openvex.dev/ns/v0.2.0';

const statement = ({ digest }: Pick<TestImage, 'digest'>, status = 'not_affected') => ({
  '@context': type,
  '@id': 'https://example.com/vex/1',
  author: 'vendor',
  timestamp: '2025-12-01T00:00:00Z',
  version: 1,
  statements: [
    {
      vulnerability: { name: 'CVE-2026-1' },
      products: [{ '@id': `pkg:oci/app@${encodeURIComponent(digest)}` }],
      status,
      ...(status === 'affected'
        ? { action_statement: 'update it' }
        : { justification: 'vulnerable_code_not_in_execute_path' }),
    },
  ],
});

async function believing(vexFrom: readonly string[]) {
  const world = await scannedWorld({ settings: { ...policy, vexFrom } });
  world.adapter.vulnerabilities = [high];
  const sigstoreKeys = [{ name: 'vendor', keys: [pemOf(vendor)] }];
  await manage(world, 'PUT', '/trust/policies/vendor', { mode: 'off', sigstoreKeys });
  await world.push('team/app', 'v1', image);
  await world.run();
  expect(await world.statusOf()).toBe(403);
  return world;
}

describe('an OpenVEX statement', () => {
  it('of a verified author opens the image once it arrives, and is shown', async () => {
    const world = await believing(['vendor']);
    const vex = attested(vendor, image, type, statement(image));
    await world.push('team/app', vex.digest, vex);
    expect(await world.statusOf()).toBe(200);
    expect((await world.findings())[0]?.findings).toMatchObject([
      { taken: { by: 'vex', policy: 'vendor', reason: 'vulnerable_code_not_in_execute_path' } },
    ]);
  });

  it.each([
    ['that a stranger has signed', ['vendor'], attested(stranger, image, type, statement(image))],
    ['by an author whom the policy does not name', [], attested(vendor, image, type, statement(image))],
    ['about another image', ['vendor'], attested(vendor, image, type, statement(makeImage('another')))],
    [
      'that is signed over another image',
      ['vendor'],
      attested(vendor, image, type, statement(image), makeImage('x').digest),
    ],
    ['that it is affected', ['vendor'], attested(vendor, image, type, statement(image, 'affected'))],
    ['of another type', ['vendor'], attested(vendor, image, 'https://example.com/vex', statement(image))],
  ])('%s opens nothing', async (_, vexFrom, vex) => {
    const world = await believing(vexFrom);
    await world.push('team/app', vex.digest, vex);
    expect(await world.statusOf()).toBe(403);
  });
});
