import { describe, expect, it } from 'vitest';
import { ask, makeImage } from '../../../image.ts';
import { byAdmin } from '../../identity/required.ts';
import { heldWorld } from '../../verdicts/held.ts';
import { issued } from '../notation/issued.ts';
import { bundled } from '../signing.ts';
import { ecKeyPair, pemOf } from '../sigstore/instance.ts';

const key = ecKeyPair();
const image = makeImage('to be imported');
const clusterImagePolicy = {
  apiVersion: 'policy.sigstore.dev/v1beta1',
  kind: 'ClusterImagePolicy',
  metadata: { name: 'release' },
  spec: { images: [{ glob: 'registry.example/team/**' }], authorities: [{ key: { data: pemOf(key) } }] },
};

async function importing() {
  const world = await heldWorld();
  const post = async (body: object) => {
    const answer = await ask(byAdmin(world.app), 'POST', '/api/v1/trust/policies/import', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ hosts: ['registry.example'], ...body }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const names = async () => {
    const answer = await ask(byAdmin(world.app), 'GET', '/api/v1/trust/policies');
    return ((await answer.json()) as { items: { name: string }[] }).items.map(({ name }) => name);
  };
  return { world, post, names };
}

describe('an import of policies', () => {
  it('holds what its source held, and opens what it would have opened', async () => {
    const { world, post } = await importing();
    expect((await post({ clusterImagePolicy })).status).toBe(200);
    await world.push('team/app', 'v1', image);
    const status = async () => (await world.pull(world.puller, 'team/app', 'v1')).status;
    expect(await status()).toBe(403);
    const signature = bundled(key, image);
    await world.push('team/app', signature.digest, signature);
    expect(await status()).toBe(200);
  });

  it('replaces no policy unless it is asked to', async () => {
    const { post } = await importing();
    await post({ clusterImagePolicy });
    const again = await post({ clusterImagePolicy });
    expect([again.status, again.text]).toEqual([409, expect.stringContaining('trustPolicyExists')]);
    expect((await post({ clusterImagePolicy, replace: true })).status).toBe(200);
  });

  it('stores nothing in a preview, nor where a part cannot be carried over', async () => {
    const { post, names } = await importing();
    const preview = await post({ clusterImagePolicy, preview: true });
    expect(JSON.parse(preview.text)).toMatchObject({ policies: [{ name: 'release', mode: 'enforce' }], notes: [] });
    const refused = await post({ clusterImagePolicy: { ...clusterImagePolicy, more: 1 } });
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('more')]);
    expect(await names()).toEqual([]);
  });

  it('makes a policy for each statement of Notary Project, and one for the rest', async () => {
    const { post, names } = await importing();
    const trustPolicies = [
      {
        name: 'acme images',
        registryScopes: ['registry.example/team/app'],
        signatureVerification: { level: 'strict' },
        trustStores: ['ca:acme'],
        trustedIdentities: ['*'],
      },
    ];
    const trustStores = { ca: { acme: [(await issued()).pem] } };
    const made = await post({
      mode: 'audit',
      notation: { trustPolicy: { version: '1.0', trustPolicies }, trustStores },
    });
    expect(made.status).toBe(200);
    expect(await names()).toEqual(['acme-images', 'untrusted-by-default']);
  });

  it('takes exactly one document', async () => {
    const { post } = await importing();
    expect((await post({})).status).toBe(400);
    expect((await post({ clusterImagePolicy, notation: { trustPolicy: {} } })).status).toBe(400);
  });
});
