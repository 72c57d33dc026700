import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect as connectPlain, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ownCertificate } from '../../local/stack/certificate.ts';
import { parseSettings, requestedHelp } from '../../local/stack/settings.ts';
import { openStateFolder } from '../../local/stack/state-folder.ts';
import { listenWithTls } from '../../local/stack/tls-listener.ts';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { runToEnd, startRunningStack, stateFolder } from '../local/stack/running-stack.ts';

const host = 'images.azurecr.io';
const dayMs = 24 * 60 * 60 * 1000;

describe("the stack's certificate", () => {
  let state: Awaited<ReturnType<typeof stateFolder>>;
  beforeEach(async () => {
    state = await stateFolder();
  });
  afterEach(() => state.remove());

  const make = (names: string[], now?: Date) => ownCertificate(openStateFolder(state.path), names, now);
  const authority = () => readFileSync(join(state.path, 'tls', 'ca.pem'), 'utf8');

  it('is signed by an authority that is trusted alone, for the names that were asked for and no other', async () => {
    const { certificate, authorityFile } = await make([host, '127.0.0.1']);
    const [server, issuer] = [new X509Certificate(certificate), new X509Certificate(readFileSync(authorityFile))];
    expect([server.verify(issuer.publicKey), server.checkIssued(issuer), server.ca, issuer.ca]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect([
      server.checkHost(host),
      server.checkIP('127.0.0.1'),
      server.checkHost('login.azurecr.io'),
      server.checkHost('azurecr.io'),
    ]).toEqual([host, '127.0.0.1', undefined, undefined]);
    expect(server.validToDate.getTime() - server.validFromDate.getTime()).toBeLessThanOrEqual(398 * dayMs);
  });

  it("lies in files of this user alone, without the authority's key", async () => {
    const { key } = await make([host]);
    for (const file of ['server.pem', 'ca.pem'])
      expect(statSync(join(state.path, 'tls', file)).mode & 0o777).toBe(0o600);
    expect(statSync(join(state.path, 'tls')).mode & 0o777).toBe(0o700);
    const kept = readFileSync(join(state.path, 'tls', 'server.pem'), 'utf8');
    expect(kept.match(/PRIVATE KEY-----\n/g)).toHaveLength(2);
    expect(kept).toContain(key);
    expect(
      new X509Certificate(authority()).publicKey.equals(
        new X509Certificate(kept.slice(kept.indexOf('-----BEGIN CERT'))).publicKey,
      ),
    ).toBe(false);
    expect(authority()).not.toContain('PRIVATE');
  });

  it('stays from start to start, and for fewer names too', async () => {
    const first = await make([host, 'registry.lan']);
    const again = await make([host]);
    expect([first.isNew, again.isNew, again.certificate === first.certificate]).toEqual([true, false, true]);
    expect(again.certificate).toContain(authority());
  });

  it('is made anew for another name, before it ends, and where its file is damaged', async () => {
    const first = await make([host]);
    expect(await make([host, 'registry.lan'])).toMatchObject({ isNew: true });
    const later = new Date(Date.now() + 370 * dayMs);
    expect(await make([host], later)).toMatchObject({ isNew: true });
    const path = join(state.path, 'tls', 'server.pem');
    for (const damaged of [
      '',
      readFileSync(path, 'utf8').slice(0, 300),
      readFileSync(path, 'utf8').replace(/-----BEGIN PRIVATE KEY-----[^-]+/, first.key.replace(/-----END.*/s, '')),
    ]) {
      writeFileSync(path, damaged);
      const made = await make([host]);
      expect(made.isNew).toBe(true);
      expect(made.certificate).toContain(authority());
    }
  });
});

describe('the flags for TLS', () => {
  it('take port 443 and credentials, unless something else is said', () => {
    expect(parseSettings('start', ['--tls', '--host', host], {})).toMatchObject({
      tls: true,
      hosts: [host],
      port: 443,
      auth: 'required',
    });
    expect(
      parseSettings(
        'start',
        ['--tls', '--host', 'IMAGES.azurecr.io', '--host', 'other.lan', '--port', '5443', '--auth', 'open'],
        {},
      ),
    ).toMatchObject({ hosts: [host, 'other.lan'], port: 5443, auth: 'open' });
    expect(parseSettings('start', [], { LONGSHORE_TLS: 'true', LONGSHORE_HOSTS: `${host},other.lan` })).toMatchObject({
      tls: true,
      hosts: [host, 'other.lan'],
      port: 443,
    });
    expect(parseSettings('start', ['--host', host], {})).toMatchObject({
      tls: false,
      hosts: [host],
      port: 5000,
      auth: 'open',
    });
    expect(parseSettings('start', [], { LONGSHORE_TLS: 'false' })).toMatchObject({ tls: false, hosts: [] });
    expect(requestedHelp('start', ['--help'])).toMatch(/--tls .*\n.*--host /);
  });

  it.each([
    [['--host', `https://${host}`], '--host (LONGSHORE_HOSTS) must be a name without a port, as in images.azurecr.io'],
    [['--host', `${host}:443`], 'must be a name without a port'],
    [['--host', '*.azurecr.io'], 'must be a name without a port'],
    [['--host', ''], 'must be a name without a port'],
    [['--tls', '--regions', '2'], '--tls (LONGSHORE_TLS) works with one region'],
  ])('say of %j what is wrong', (args, message) => {
    expect(() => parseSettings('start', args, {})).toThrow(message);
  });

  it('say of a variable what is wrong', () => {
    expect(() => parseSettings('start', [], { LONGSHORE_TLS: 'yes' })).toThrow(
      '--tls (LONGSHORE_TLS) must be true or false, not "yes"',
    );
  });

  it('end a start at once where the port cannot be had', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const state = await stateFolder();
    const { certificate, key } = await ownCertificate(openStateFolder(state.path), [host]);
    await expect(listenWithTls({ certificate, key }, port)).rejects.toThrow(`port ${port} on 127.0.0.1 is in use`);
    const ended = await runToEnd(['--tls', '--port', String(port), '--functions-port', '0', '--state', state.path]);
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining(`port ${port} on 127.0.0.1 is in use`)]);
    taken.close();
    await state.remove();
  });
});

describe('npm start -- --tls --host NAME', () => {
  let stack: RunningStack;
  let state: Awaited<ReturnType<typeof stateFolder>>;
  let ca: string;
  let port: number;

  beforeAll(async () => {
    state = await stateFolder();
    stack = await startRunningStack(state.path, ['--tls', '--host', host, '--host', 'registry.lan']);
    ca = readFileSync(join(state.path, 'tls', 'ca.pem'), 'utf8');
    port = Number(new URL(stack.url).port);
  }, 60_000);

  afterAll(async () => {
    expect(await stack.stop()).toBe(0);
    await state.remove();
  });

  /** A request by a name that is found at 127.0.0.1, as a line of /etc/hosts does it. */
  async function ask(
    path: string,
    {
      name = host,
      method = 'GET',
      headers = {},
      body = '',
    }: { name?: string; method?: string; headers?: Record<string, string>; body?: string } = {},
  ) {
    const asked = request({
      host: '127.0.0.1',
      port,
      path,
      method,
      ca,
      servername: name,
      headers: { host: `${name}:${port}`, ...headers },
    });
    asked.end(body);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return { status: answer.statusCode, headers: answer.headers, text: await text(answer) };
  }

  it('answers by each of its names, with a challenge that leads to the first', async () => {
    expect(stack.url).toBe(`https://${host}:${port}`);
    for (const name of [host, 'registry.lan', 'localhost']) {
      const { status, headers } = await ask('/v2/', { name });
      expect([status, headers['www-authenticate']]).toEqual([
        401,
        `Bearer realm="${stack.url}/oauth2/token",service="${host}:${port}"`,
      ]);
    }
    expect((await ask('/v2/', { headers: { host: 'evil.test' } })).status).toBe(421);
  });

  it('pushes and pulls without a redirect to http', async () => {
    const password = /"admin" with the password (\S+):/.exec(stack.told())?.[1] ?? '';
    const headers = { authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` };
    const digest = 'sha256:1df3a4ba4bfde63ba2ec3f1eec9fcd6f5f4b1d1ab7e6fcbf4bdbbf3ac0cf59bf';
    const wrong = await ask(`/v2/team/app/blobs/uploads/?digest=${digest}`, {
      method: 'POST',
      headers,
      body: 'eleven byte',
    });
    expect(wrong.status).toBe(400);
    const right = `sha256:${Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from('eleven byte'))).toString('hex')}`;
    expect(
      (await ask(`/v2/team/app/blobs/uploads/?digest=${right}`, { method: 'POST', headers, body: 'eleven byte' }))
        .status,
    ).toBe(201);
    expect(await ask(`/v2/team/app/blobs/${right}`, { headers })).toMatchObject({ status: 200, text: 'eleven byte' });
    const { status } = await fetch(`${stack.functionsUrl}/v2/team/app/blobs/${right}`, { headers, redirect: 'manual' });
    expect(status).toBe(200);
  });

  it('is trusted by nobody who was not told to, and stands clients that speak no TLS or break off', async () => {
    const stranger = connect({ host: '127.0.0.1', port, servername: host });
    await expect(once(stranger, 'secureConnect')).rejects.toThrow(/self-signed|unable to (?:get|verify)/);
    const plain = connectPlain(port, '127.0.0.1', () => plain.write('GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    plain.on('error', () => undefined);
    await once(plain.resume(), 'close');
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = connectPlain(port, '127.0.0.1');
        const secure = connect({ socket, servername: host, ca }).on('error', () => undefined);
        await once(secure, 'secureConnect');
        secure.write('POST /v2/team/app/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx');
        socket.resetAndDestroy();
      }),
    );
    expect((await ask('/v2/')).status).toBe(401);
  });
});
