import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../../shared/core/oci/digest.ts';
import { makeImage, withDigest } from '../../shared/image.ts';
import type { RunningStack } from './running-stack.ts';
import { startRunningStack, stateFolder } from './running-stack.ts';

const flags = ['--auth', 'required', '--registry', 'a=a.localhost', '--registry', 'b=b.localhost'];
let stack: RunningStack;
let state: Awaited<ReturnType<typeof stateFolder>>;
/** The passwords of the administrators, by registry. */
let passwords: Readonly<Record<string, string>>;

beforeAll(async () => {
  state = await stateFolder();
  stack = await startRunningStack(state.path, flags);
  const shown = [...stack.told().matchAll(/registry (\w+) is "admin" with the password (\S+):/g)];
  passwords = {
    ...Object.fromEntries(shown.map(([, registry = '', password = '']) => [registry, password])),
    default: /the administrator is "admin" with the password (\S+):/.exec(stack.told())?.[1] ?? '',
  };
});

afterAll(async () => {
  await stack.stop();
  await state.remove();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Asking {
  readonly as?: string;
  readonly authorization?: string;
  readonly body?: Uint8Array;
  readonly type?: string;
}

/** Over a socket to this machine, for the host of a registry. */
async function ask(url: string, registry: string, method: string, path: string, asking: Asking = {}): Promise<Answer> {
  const { as = registry, body, type } = asking;
  const basic = `Basic ${Buffer.from(`admin:${passwords[as] ?? ''}`).toString('base64')}`;
  const { port } = new URL(url);
  const headers = {
    host: `${registry === 'default' ? 'localhost' : `${registry}.localhost`}:${port}`,
    ...(asking.authorization === '' ? {} : { authorization: asking.authorization ?? basic }),
    ...(type === undefined ? {} : { 'content-type': type }),
    'content-length': String(body?.length ?? 0),
  };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on('error', reject).end(body);
  });
}

const locationOf = ({ headers }: Answer) => {
  const url = new URL(String(headers.location), 'http://x');
  return url.pathname + url.search;
};

async function push(url: string, registry: string, repository: string, seed: string): Promise<string> {
  const image = makeImage(seed, 1);
  for (const blob of [image.config, ...image.layers]) {
    const started = await ask(url, registry, 'POST', `/v2/${repository}/blobs/uploads/`);
    const put = await ask(url, registry, 'PUT', withDigest(locationOf(started), digestOf(blob)), { body: blob });
    expect(put.status).toBe(201);
  }
  const manifest = { body: image.bytes, type: image.mediaType };
  expect((await ask(url, registry, 'PUT', `/v2/${repository}/manifests/1`, manifest)).status).toBe(201);
  return image.digest;
}

const bothHosts = () => [stack.url, stack.functionsUrl];
const catalogOf = async (url: string, registry: string) =>
  (JSON.parse((await ask(url, registry, 'GET', '/v2/_catalog')).text) as { repositories: string[] }).repositories;

async function raw(url: string, head: string): Promise<number> {
  const text = await new Promise<string>((resolve, reject) => {
    let got = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.write(`${head}\r\nConnection: close\r\n\r\n`),
    );
    socket.setTimeout(10_000, () => socket.destroy());
    socket
      .on('data', (chunk: Buffer) => (got += chunk.toString('latin1')))
      .on('close', () => resolve(got))
      .on('error', reject);
  });
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);
}

describe('two registries on one local stack', () => {
  it('are told of with their addresses, and a password each, once', () => {
    expect(stack.told()).toContain(`the registry a is at http://a.localhost:${new URL(stack.url).port}`);
    expect(new Set(Object.values(passwords)).size).toBe(3);
    expect(Object.keys(passwords).toSorted()).toEqual(['a', 'b', 'default']);
  });

  it('have what was pushed to each, under plain Node and under the Functions host', async () => {
    await push(stack.url, 'a', 'team/app', 'of a');
    await push(stack.functionsUrl, 'b', 'team/other', 'of b');
    for (const url of bothHosts()) {
      expect(await catalogOf(url, 'a')).toEqual(['team/app']);
      expect(await catalogOf(url, 'b')).toEqual(['team/other']);
      expect(await catalogOf(url, 'default')).toEqual([]);
    }
  });

  it('take each their own credentials', async () => {
    for (const url of bothHosts()) {
      const { text } = await ask(url, 'a', 'GET', '/oauth2/token?scope=registry:catalog:*');
      const bearer = `Bearer ${(JSON.parse(text) as { access_token: string }).access_token}`;
      expect((await ask(url, 'a', 'GET', '/v2/_catalog', { authorization: bearer })).status).toBe(200);
      for (const other of ['b', 'default']) {
        expect((await ask(url, other, 'GET', '/v2/_catalog', { authorization: bearer })).status).toBe(401);
        expect((await ask(url, other, 'GET', '/api/v1/tokens', { as: 'a' })).status).toBe(401);
      }
      const challenge = (await ask(url, 'b', 'GET', '/v2/', { authorization: '' })).headers['www-authenticate'];
      expect(challenge).toContain(`b.localhost:${new URL(url).port}`);
    }
  });

  it('open no upload of each other', async () => {
    for (const url of bothHosts()) {
      const upload = locationOf(await ask(url, 'a', 'POST', '/v2/team/app/blobs/uploads/'));
      expect((await ask(url, 'b', 'GET', upload)).status).toBe(404);
      expect((await ask(url, 'a', 'GET', upload)).status).toBe(204);
    }
  });

  it('know their hosts in upper case and with a dot, and refuse every other before a challenge', async () => {
    for (const url of bothHosts()) {
      const { port } = new URL(url);
      for (const host of ['A.LOCALHOST', `a.localhost.:${port}`, `b.localhost:${port}`, 'b.localhost', 'localhost'])
        expect(await raw(url, `GET /v2/ HTTP/1.1\r\nHost: ${host}`)).toBe(401);
      for (const host of ['c.localhost', 'a.localhost.evil.test', 'x.a.localhost', 'a', 'evil.test'])
        for (const path of ['/v2/', '/oauth2/token', '/api/v1/tokens', '/acr/v1/_catalog'])
          expect(await raw(url, `GET ${path} HTTP/1.1\r\nHost: ${host}`)).toBe(421);
    }
  });

  it('take the name of an absolute target before that of Host', async () => {
    const authorization = `Authorization: Basic ${Buffer.from(`admin:${passwords['a'] ?? ''}`).toString('base64')}`;
    const at = (target: string, host: string) =>
      raw(stack.url, `GET http://${target}/v2/_catalog HTTP/1.1\r\nHost: ${host}\r\n${authorization}`);
    expect(await at('a.localhost', 'b.localhost')).toBe(200);
    expect(await at('b.localhost', 'a.localhost')).toBe(401);
    expect(await at('evil.test', 'a.localhost')).toBe(421);
  });

  it('do not believe a forwarded host', async () => {
    for (const url of bothHosts()) {
      const authorization = `Authorization: Basic ${Buffer.from(`admin:${passwords['a'] ?? ''}`).toString('base64')}`;
      const head = `GET /v2/_catalog HTTP/1.1\r\nHost: b.localhost\r\nX-Forwarded-Host: a.localhost\r\n${authorization}`;
      expect(await raw(url, head)).toBe(401);
    }
  });

  it('count each their own pushes, by the events that Event Grid delivers', async () => {
    const pushesOf = async (registry: string) =>
      (JSON.parse((await ask(stack.url, registry, 'GET', '/api/v1/usage')).text) as { pushes: number }).pushes;
    for (let tries = 0; tries < 40 && ((await pushesOf('a')) < 1 || (await pushesOf('b')) < 1); tries += 1)
      await sleep(500);
    expect([await pushesOf('a'), await pushesOf('b'), await pushesOf('default')]).toEqual([1, 1, 0]);
  });

  it('keep what they have when one is configured no more, and when it is again', async () => {
    await stack.stop();
    stack = await startRunningStack(state.path, flags.slice(0, 2).concat(flags.slice(4)));
    expect(stack.told()).not.toContain('with the password');
    for (const url of bothHosts()) {
      expect(await raw(url, 'GET /v2/ HTTP/1.1\r\nHost: a.localhost')).toBe(421);
      expect(await catalogOf(url, 'b')).toEqual(['team/other']);
      expect(await catalogOf(url, 'default')).toEqual([]);
    }
    await stack.stop();
    stack = await startRunningStack(state.path, flags);
    expect(await catalogOf(stack.url, 'a')).toEqual(['team/app']);
  }, 120_000);
});
