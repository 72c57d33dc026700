import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { ask, location, withDigest } from '../../image.ts';
import { adminPassword, basic, composeRequired } from '../identity/required.ts';

const bytes = Buffer.from('a layer for the other host');
const uploads = '/v2/team/app/blobs/uploads/';
const admin = basic('admin', adminPassword);
const uploadsUrl = new URL('https://bytes.example');

/** The host that clients ask, and the one that takes uploads: one registry, the same settings. */
function twoHosts() {
  const front = composeRequired({ settings: { uploadsUrl } });
  const bytesHost = composeRequired({ world: front.world, clock: front.clock, settings: { uploadsUrl } });
  return { front, bytesHost };
}

const pathOf = (answer: Response) => location(answer).replace(uploadsUrl.origin, '');

describe('an upload where another host takes them', () => {
  it('leads there, and its URL is enough: containerd and Docker send no credentials to another host', async () => {
    const { front, bytesHost } = twoHosts();
    const started = await ask(front.app, 'POST', uploads, { headers: admin });
    expect(location(started)).toMatch(
      /^https:\/\/bytes\.example\/v2\/team\/app\/blobs\/uploads\/[0-9a-f-]{36}\?_state=/,
    );
    const taken = await ask(bytesHost.app, 'PATCH', pathOf(started), { body: bytes });
    expect([taken.status, location(taken).startsWith(uploadsUrl.origin)]).toEqual([202, true]);
    expect((await ask(bytesHost.app, 'GET', pathOf(taken))).status).toBe(204);
    const done = await ask(bytesHost.app, 'PUT', withDigest(pathOf(taken), digestOf(bytes)));
    expect([done.status, location(done)]).toEqual([201, `/v2/team/app/blobs/${digestOf(bytes)}`]);
    expect((await ask(front.app, 'HEAD', location(done), { headers: admin })).status).toBe(200);
  });

  it('is not started there without credentials, and its URL opens nothing else', async () => {
    const { front, bytesHost } = twoHosts();
    expect((await ask(bytesHost.app, 'POST', uploads)).status).toBe(401);
    const url = pathOf(await ask(front.app, 'POST', uploads, { headers: admin }));
    for (const other of [
      url.replace('team/app', 'team/other'),
      url.replace(/uploads\/[0-9a-f-]{36}/, `uploads/${crypto.randomUUID()}`),
      url.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
      url.replace(/\?.*/, ''),
    ]) {
      expect((await ask(bytesHost.app, 'PATCH', other, { body: bytes })).status, other).toBe(401);
    }
    expect((await ask(bytesHost.app, 'GET', '/v2/team/app/tags/list' + url.replace(/.*\?/, '?'))).status).toBe(401);
  });

  it('asks for credentials again after six hours', async () => {
    const { front, bytesHost } = twoHosts();
    const url = pathOf(await ask(front.app, 'POST', uploads, { headers: admin }));
    front.clock.pass(6 * 3_600_000 - 1);
    expect((await ask(bytesHost.app, 'GET', url)).status).toBe(204);
    front.clock.pass(1);
    expect((await ask(bytesHost.app, 'GET', url)).status).toBe(401);
    expect((await ask(bytesHost.app, 'GET', url, { headers: admin })).status).toBe(204);
  });

  it('needs no more than it did where there is no other host', async () => {
    const plain = composeRequired({ world: createMemoryWorld(), ring: 'none' });
    const url = location(await ask(plain.app, 'POST', uploads, { headers: admin }));
    expect(url).toMatch(/^\/v2\//);
    expect((await ask(plain.app, 'GET', url)).status).toBe(401);
    const other = composeRequired({ world: plain.world, ring: 'none', settings: { uploadsUrl } });
    expect((await ask(other.app, 'GET', url)).status).toBe(401);
  });
});
