import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import { newer } from './newer.ts';
import type { Described } from './oci-layout.ts';
import { OciLayout } from './oci-layout.ts';

// The ways in which Debian 13's clients sign and attest by a key, against policies that ask for it. Keyless signing is
// tested with sigstore's own signer, in the tests of the feature.

let required: RequiredStack;
let image: Described;
const env = { COSIGN_PASSWORD: 'of the key' };

beforeAll(async () => {
  required = await startRequiredStack();
  const layout = new OciLayout(join(required.folder, 'layout'));
  image = await layout.image([randomBytes(2_000)]);
  await layout.name(image, 'one');
  await mkdir(file('registries.d'));
  await writeFile(
    join(file('registries.d'), 'default.yaml'),
    `docker:\n  ${registry()}:\n    use-sigstore-attachments: true\n`,
  );
  await writeFile(file('passphrase'), env.COSIGN_PASSWORD);
  await run('skopeo', ['login', '--tls-verify=false', '-u', 'admin', '-p', required.password, registry()]);
  await run('cosign', ['login', '-u', 'admin', '-p', required.password, registry()]);
  await run('cosign', ['generate-key-pair', '--output-key-prefix', file('key')]);
});

afterAll(async () => {
  await required.stop();
});

const file = (name: string) => join(required.folder, name);
const registry = () => new URL(required.stack.url).host;
const run = (program: string, args: readonly string[]) =>
  newer(program, args, {
    cwd: required.folder,
    env: { ...env, REGISTRY_AUTH_FILE: file('auth.json'), DOCKER_CONFIG: file('docker') },
  });

async function manage(method: string, path: string, body?: object) {
  const authorization = `Basic ${Buffer.from(`admin:${required.password}`).toString('base64')}`;
  const answer = await fetch(`${required.stack.url}/api/v1${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as { held: boolean; judgements: { reasons: string[] }[] };
}

const verdictOf = (name: string) => manage('GET', `/images/verdict?repository=${name}&reference=1`);
const isHeld = async (name: string) => (await verdictOf(name)).held;
const reasonsFor = async (name: string) =>
  (await verdictOf(name)).judgements.flatMap(({ reasons }) => reasons).join(' ');
const push = (name: string, ...more: string[]) =>
  run('skopeo', [
    '--registries.d',
    file('registries.d'),
    'copy',
    '--preserve-digests',
    '--dest-tls-verify=false',
    ...more,
    `oci:${join(required.folder, 'layout')}:one`,
    `docker://${registry()}/${name}:1`,
  ]);
const soon = { timeout: 30_000 };

describe('an image whose policy was imported from policy-controller', () => {
  it('opens by the signature that skopeo 1.18 makes with a key of cosign', async () => {
    const clusterImagePolicy = {
      apiVersion: 'policy.sigstore.dev/v1beta1',
      kind: 'ClusterImagePolicy',
      metadata: { name: 'imported' },
      spec: {
        images: [{ glob: `${registry()}/imported` }],
        authorities: [{ key: { data: await readFile(file('key.pub'), 'utf8') } }],
      },
    };
    await manage('POST', '/trust/policies/import', { clusterImagePolicy });
    await push('imported');
    await expect.poll(() => isHeld('imported'), soon).toBe(true);
    await push(
      'imported',
      '--sign-by-sigstore-private-key',
      file('key.key'),
      '--sign-passphrase-file',
      file('passphrase'),
    );
    await expect.poll(() => isHeld('imported'), soon).toBe(false);
  });
});

describe('an image that needs provenance by rules', () => {
  it.each([
    ['an older attestation', 'older', []],
    ['a bundle', 'bundled', ['--new-bundle-format']],
  ] as const)('opens by %s of cosign 2.5 alone that says what they ask for', async (_, name, mode) => {
    const keys = [await readFile(file('key.pub'), 'utf8')];
    await manage('PUT', `/trust/policies/${name}`, {
      mode: 'enforce',
      repositories: { include: [name] },
      sigstoreKeys: [{ name: 'ci', keys }],
      attestation: 'https://slsa.dev/provenance/v1',
      rules: [{ field: 'builder', values: ['https://ci.example/**'] }],
    });
    await push(name);
    await expect.poll(() => isHeld(name), soon).toBe(true);
    const attest = async (builder: string) => {
      await writeFile(
        file('predicate.json'),
        JSON.stringify({
          buildDefinition: { buildType: 'https://ci.example/build', externalParameters: {}, resolvedDependencies: [] },
          runDetails: { builder: { id: builder }, metadata: {} },
        }),
      );
      const what = ['--predicate', file('predicate.json'), '--type', 'slsaprovenance1', '--key', file('key.key')];
      await run('cosign', [
        'attest',
        '--yes',
        '--tlog-upload=false',
        ...what,
        ...mode,
        `${registry()}/${name}@${image.digest}`,
      ]);
    };
    await attest('https://elsewhere.example/');
    await expect.poll(() => reasonsFor(name), soon).toContain('The builder of the attestation is');
    expect(await isHeld(name)).toBe(true);
    await attest('https://ci.example/runners/1');
    await expect.poll(() => isHeld(name), soon).toBe(false);
  });
});

describe('the statement of a verdict', () => {
  it('is verified by cosign 2.5 with the public key of the registry', async () => {
    await push('stated');
    const statement = await manage('GET', '/images/verdict/statement?repository=stated&reference=1');
    const { publicKey } = (await manage('GET', '/verdicts/statement-key')) as unknown as { publicKey: string };
    await writeFile(file('registry.pub'), publicKey);
    await writeFile(file('statement.json'), JSON.stringify(statement));
    await run('cosign', [
      'attach',
      'attestation',
      '--attestation',
      file('statement.json'),
      `${registry()}/stated@${image.digest}`,
    ]);
    const verified = await run('cosign', [
      'verify-attestation',
      '--key',
      file('registry.pub'),
      '--insecure-ignore-tlog',
      '--type',
      'https://in-toto.io/attestation/svr/v0.1',
      `${registry()}/stated@${image.digest}`,
    ]);
    expect(verified).toContain('payload');
  });
});
