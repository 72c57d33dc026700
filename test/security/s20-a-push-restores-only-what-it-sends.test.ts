import { describe, expect, it } from 'vitest';
import { digestOf } from '../../shared/core/oci/digest.ts';
import type { Required } from '../shared/features/identity/required.ts';
import {
  asAdmin,
  basic,
  bearer,
  composeRequired,
  fetchToken,
  makeToken,
} from '../shared/features/identity/required.ts';
import { day, makeIndex, naming } from '../shared/features/recycle-bin/binned.ts';
import type { TestImage } from '../shared/image.ts';
import { ask, makeImage } from '../shared/image.ts';
import { runDue } from '../shared/run-due.ts';

const repository = 'team/app';
type Sent = Pick<TestImage, 'bytes' | 'digest' | 'mediaType'>;
type Headers = Record<string, string>;

class Registry {
  readonly longshore: Required = composeRequired();
  #admin: Headers = {};
  #pusher: Headers = {};
  #restorer: Headers = {};

  async open(): Promise<this> {
    const all = 'pull,push,delete,deleted_read,deleted_restore,metadata_read,metadata_write';
    this.#admin = bearer((await fetchToken(this.longshore, asAdmin, [`repository:${repository}:${all}`])).access_token);
    const [push, restore] = ['content/read', 'deleted/restore'].map((verb) => `repositories/${repository}/${verb}`) as [
      string,
      string,
    ];
    const write = `repositories/${repository}/content/write`;
    this.#pusher = basic('pusher', await makeToken(this.longshore, 'pusher', [push, write]));
    this.#restorer = basic('restorer', await makeToken(this.longshore, 'restorer', [push, write, restore]));
    return this;
  }

  as(who: 'admin' | 'pusher' | 'restorer'): Headers {
    return { admin: this.#admin, pusher: this.#pusher, restorer: this.#restorer }[who];
  }

  async pushImage(who: 'admin' | 'pusher', image: TestImage, reference = image.digest): Promise<number> {
    for (const blob of [image.config, ...image.layers])
      await ask(this.longshore.app, 'POST', `/v2/${repository}/blobs/uploads/?digest=${digestOf(blob)}`, {
        headers: this.as(who),
        body: blob,
      });
    return (await this.put(who, image, reference)).status;
  }

  put(who: 'admin' | 'pusher' | 'restorer', sent: Sent, reference = sent.digest): Promise<Response> {
    return ask(this.longshore.app, 'PUT', `/v2/${repository}/manifests/${reference}`, {
      headers: { ...this.as(who), 'content-type': sent.mediaType },
      body: sent.bytes,
    });
  }

  async delete({ digest }: Sent): Promise<void> {
    const { status } = await ask(this.longshore.app, 'DELETE', `/v2/${repository}/manifests/${digest}`, {
      headers: this.as('admin'),
    });
    if (status !== 202) throw new Error(`DELETE ${digest}: ${status}`);
  }

  async isLive({ digest }: Sent): Promise<boolean> {
    return (
      (await ask(this.longshore.app, 'HEAD', `/v2/${repository}/manifests/${digest}`, { headers: this.as('admin') }))
        .status === 200
    );
  }

  async days(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      this.longshore.clock.pass(day + 1);
      this.#admin = bearer(
        (await fetchToken(this.longshore, asAdmin, [`repository:${repository}:pull,push,delete`])).access_token,
      );
      await runDue(this.longshore);
    }
  }
}

const [one, two] = [makeImage('amd64', 1), makeImage('arm64', 1)];
const index = makeIndex([one, two]);
const nested = makeIndex([index]);

async function refusalOf(answer: Response) {
  const { errors } = (await answer.json()) as { errors: [{ code: string; message: string; detail: unknown }] };
  return { status: answer.status, ...errors[0] };
}

describe('pushing an index that lists what somebody deleted', () => {
  it('is refused without deleted/restore, says why, and brings nothing back', async () => {
    const registry = await new Registry().open();
    for (const image of [one, two]) await registry.pushImage('admin', image);
    await registry.delete(one);
    const refusal = await refusalOf(await registry.put('pusher', index, 'v1'));
    expect(refusal).toMatchObject({
      status: 404,
      code: 'MANIFEST_BLOB_UNKNOWN',
      detail: [{ digest: one.digest, deleted: true }],
    });
    expect(refusal.message).toMatch(/was deleted: push it by its digest, or have it restored/);
    expect([await registry.isLive(one), await registry.isLive(index)]).toEqual([false, false]);
  });

  it('is taken once its children are pushed by their digests', async () => {
    const registry = await new Registry().open();
    for (const image of [one, two]) await registry.pushImage('admin', image);
    for (const image of [one, two]) await registry.delete(image);
    expect(await registry.pushImage('pusher', one)).toBe(201);
    expect(await registry.pushImage('pusher', two)).toBe(201);
    expect((await registry.put('pusher', index, 'v1')).status).toBe(201);
    for (const sent of [one, two, index]) expect(await registry.isLive(sent)).toBe(true);
  });

  it('brings them back with deleted/restore', async () => {
    const registry = await new Registry().open();
    for (const image of [one, two]) await registry.pushImage('admin', image);
    for (const image of [one, two]) await registry.delete(image);
    expect((await registry.put('restorer', index, 'v1')).status).toBe(201);
    for (const sent of [one, two, index]) expect(await registry.isLive(sent)).toBe(true);
  });

  it('is refused for an index that lists a deleted index, and for what went along with another', async () => {
    const registry = await new Registry().open();
    for (const image of [one, two]) await registry.pushImage('admin', image);
    await registry.put('admin', index, 'v1');
    await registry.delete(index);
    expect(await registry.isLive(one)).toBe(false);
    for (const sent of [nested, index, makeIndex([one]), makeIndex([two, one], { annotations: { again: 'yes' } })])
      expect((await registry.put('pusher', sent, 'v2')).status).toBe(404);
    for (const sent of [one, two, index]) expect(await registry.isLive(sent)).toBe(false);
  });

  it('is refused by the token that docker gets, which never asks for deleted/restore', async () => {
    const registry = await new Registry().open();
    for (const image of [one, two]) await registry.pushImage('admin', image);
    await registry.delete(one);
    const docker = bearer(
      (await fetchToken(registry.longshore, asAdmin, [`repository:${repository}:pull,push`])).access_token,
    );
    const answer = await ask(registry.longshore.app, 'PUT', `/v2/${repository}/manifests/v1`, {
      headers: { ...docker, 'content-type': index.mediaType },
      body: index.bytes,
    });
    expect(answer.status).toBe(404);
    expect(await registry.isLive(one)).toBe(false);
  });
});

describe('pushing an image whose signature was deleted along with it', () => {
  const signature = makeImage('signature', 1, naming(one));

  async function deletedWithSignature(): Promise<Registry> {
    const registry = await new Registry().open();
    for (const image of [one, signature]) await registry.pushImage('admin', image);
    await registry.delete(one);
    expect(await registry.isLive(signature)).toBe(false);
    return registry;
  }

  it('brings the image alone without deleted/restore, for as long as the signature is in the bin and after', async () => {
    const registry = await deletedWithSignature();
    expect(await registry.pushImage('pusher', one)).toBe(201);
    expect([await registry.isLive(one), await registry.isLive(signature)]).toEqual([true, false]);
    await registry.days(1);
    expect((await registry.put('pusher', one, 'v2')).status).toBe(201);
    await registry.days(20);
    expect([await registry.isLive(one), await registry.isLive(signature)]).toEqual([true, false]);
  });

  it('brings both with deleted/restore', async () => {
    const registry = await deletedWithSignature();
    expect((await registry.put('restorer', one)).status).toBe(201);
    expect([await registry.isLive(one), await registry.isLive(signature)]).toEqual([true, true]);
  });

  it('leaves the signature to be restored by who may, or to be pushed by its own bytes', async () => {
    const registry = await deletedWithSignature();
    await registry.pushImage('pusher', one);
    const restore = await ask(registry.longshore.app, 'POST', '/api/v1/bin/restore', {
      headers: { ...asAdmin, 'content-type': 'application/json' },
      body: JSON.stringify({ repository, digest: signature.digest }),
    });
    expect(restore.status).toBe(200);
    expect(await registry.isLive(signature)).toBe(true);
    await registry.delete(one);
    await registry.pushImage('pusher', one);
    expect(await registry.isLive(signature)).toBe(false);
    expect(await registry.pushImage('pusher', signature)).toBe(201);
    expect(await registry.isLive(signature)).toBe(true);
  });

  it('is not undone by deleting and pushing the image again and again', async () => {
    const registry = await deletedWithSignature();
    for (let n = 0; n < 3; n += 1) {
      await registry.pushImage('pusher', one);
      await registry.delete(one);
    }
    await registry.pushImage('pusher', one, 'v1');
    expect(await registry.isLive(signature)).toBe(false);
  });
});

describe('pushing an image whose signature, by its tag, was deleted along with it', () => {
  const signature = makeImage('signature by its tag', 1);
  const tag = `${one.digest.replace(':', '-')}.sig`;

  it.each([
    ['pusher', false],
    ['restorer', true],
  ] as const)('by the %s brings that back: %s', async (who, comesBack) => {
    const registry = await new Registry().open();
    await registry.pushImage('admin', one, 'v1');
    await registry.pushImage('admin', signature, tag);
    await registry.delete(one);
    expect(await registry.isLive(signature)).toBe(false);
    expect((await registry.put(who, one)).status).toBe(201);
    expect([await registry.isLive(one), await registry.isLive(signature)]).toEqual([true, comesBack]);
    await registry.days(1);
    expect([await registry.isLive(one), await registry.isLive(signature)]).toEqual([true, comesBack]);
  });
});

describe('pushing a signature whose image was deleted', () => {
  it('does not bring the image back', async () => {
    const registry = await new Registry().open();
    const signature = makeImage('signature', 1, naming(one));
    for (const image of [one, signature]) await registry.pushImage('admin', image);
    await registry.delete(one);
    expect(await registry.pushImage('pusher', signature)).toBe(201);
    expect([await registry.isLive(one), await registry.isLive(signature)]).toEqual([false, true]);
  });
});
