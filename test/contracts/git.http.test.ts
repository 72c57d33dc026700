import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpGit } from '../../shared/adapters/git/git.ts';
import { outboundClient } from '../../shared/core/outbound/outbound-client.ts';
import { reachOf } from '../../shared/core/outbound/public-address.ts';
import { StoreFailure } from '../../shared/core/ports/failures.ts';
import { archived, filesIn, gitContract } from './git.contract.ts';
import { inSideband, packOf, zeros } from './git-packs.ts';
import type { GitServer } from './git-server.ts';
import { startGitServer } from './git-server.ts';

let server: GitServer;
beforeAll(async () => {
  server = await startGitServer();
});
afterAll(() => server.stop());

const git = httpGit(outboundClient({ reach: reachOf(['127.0.0.0/8']) }));
const nameOf = (url: string) => /([a-z-]+)\.git$/.exec(url)?.[1] ?? '';

gitContract('smart HTTP, served by git http-backend', () => ({
  git,
  async repository(name, password) {
    await server.create(name, password);
    return server.url(name);
  },
  commit: (url, branch, files) => server.commit(nameOf(url), branch, files),
}));

/** A line of git's protocol, with its length before it. */
const line = (text: string) => `${(text.length + 4).toString(16).padStart(4, '0')}${text}`;

describe('a repository', () => {
  it('gives what an annotated tag names, executables as such, and no content of submodules', async () => {
    await server.create('tagged');
    const commit = await server.commit('tagged', 'main', { 'run.sh': '#!/bin/sh', Dockerfile: 'FROM scratch' });
    await server.git('tagged', 'update-index', '--add', '--cacheinfo', `160000,${commit},vendored`);
    await server.git('tagged', 'update-index', '--chmod=+x', 'run.sh');
    await server.git('tagged', 'commit', '-q', '-m', 'a submodule');
    await server.git('tagged', 'tag', '-a', 'v1', '-m', 'the first');
    const resolved = await git.resolveRef({ url: server.url('tagged') }, 'v1');
    expect(resolved).toEqual({ is: 'at', commit: await server.git('tagged', 'rev-parse', 'HEAD') });
    expect(await archived(git, server.url('tagged'), 'commit' in resolved ? resolved.commit : '')).toEqual({
      'run.sh': '#!/bin/sh',
      Dockerfile: 'FROM scratch',
    });
  });

  it('that sends more than it may is refused', async () => {
    await server.create('large');
    const random = Array.from({ length: 3_000 }, () => Math.random().toString(36)).join('');
    const commit = await server.commit('large', 'main', { Dockerfile: random });
    expect(
      await httpGit(outboundClient({ reach: reachOf(['127.0.0.0/8']) }), { mostBytes: 10_000 }).archiveOf(
        { url: server.url('large') },
        commit,
        '',
      ),
    ).toMatchObject({ is: 'refused', why: expect.stringContaining('more than 10000 bytes') as string });
  });

  it.each([
    ['before its first line', ''],
    ['behind a line', line(`${'1'.repeat(40)} refs/tags/other\n`)],
  ])(
    'whose list of references breaks off %s is asked again later, and no other reference is taken',
    async (_, sent) => {
      const breaking = createServer((request, response) => {
        if (request.method === 'GET') {
          response.setHeader('content-type', 'application/x-git-upload-pack-advertisement');
          response.end(`${line('# service=git-upload-pack\n')}0000${line('version 2\n')}${line('ls-refs\n')}0000`);
          return;
        }
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          response.setHeader('content-type', 'application/x-git-upload-pack-result');
          if (!body.includes('refs/tags/v1')) {
            response.end(`${line(`${'2'.repeat(40)} refs/heads/v1\n`)}0000`);
            return;
          }
          response.write(sent === '' ? '00' : sent);
          setTimeout(() => response.destroy(), 50);
        });
      });
      breaking.listen(0, '127.0.0.1');
      await once(breaking, 'listening');
      const url = `http://127.0.0.1:${(breaking.address() as AddressInfo).port}/app.git`;
      try {
        await expect(git.resolveRef({ url }, 'v1')).rejects.toThrow(StoreFailure);
      } finally {
        breaking.close();
      }
    },
  );

  it('at an address that is not public is not asked at all', async () => {
    server.asked.length = 0;
    expect(
      await httpGit(outboundClient({ reach: reachOf([]) })).resolveRef({ url: server.url('tagged') }, 'main'),
    ).toMatchObject({
      is: 'refused',
      why: expect.stringContaining('must not lead to') as string,
    });
    expect(
      await httpGit(
        outboundClient({ reach: reachOf([]), resolve: () => Promise.resolve([{ address: '10.0.0.1', family: 4 }]) }),
      ).resolveRef({ url: 'https://git.example/x.git' }, 'main'),
    ).toMatchObject({ is: 'refused', why: expect.stringContaining('neither public') as string });
    expect(server.asked).toEqual([]);
  });

  it.each([
    ['a redirect', 302, { location: 'http://169.254.169.254/' }, 'refused'],
    ['no git', 200, { 'content-type': 'text/html' }, 'refused'],
    ['an outage', 503, {}, 'thrown'],
  ])('that answers %s is %s', async (_, status, headers, outcome) => {
    server.intercept = (__, response) => {
      response.writeHead(status, headers as Record<string, string>).end('<html>');
      return true;
    };
    const answer = git
      .resolveRef({ url: server.url('tagged') }, 'main')
      .finally(() => (server.intercept = () => false));
    if (outcome === 'thrown') await expect(answer).rejects.toThrow(StoreFailure);
    else expect(await answer).toMatchObject({ is: 'refused' });
  });

  it('whose pack breaks off, or is damaged, leaves nothing half there', async () => {
    const url = server.url('tagged');
    const commit = await server.git('tagged', 'rev-parse', 'HEAD');
    for (const body of ['', '0008NAK\n', `0008NAK\n${'\x01'.repeat(10)}`, `0008NAK\n0011\x01PACKgarbage0000`]) {
      server.intercept = (request, response) => {
        if (request.method !== 'POST') return false;
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' }).end(body);
        return true;
      };
      const outcome = await git.archiveOf({ url }, commit, '').then(
        ({ is }) => is,
        () => 'thrown',
      );
      expect(['refused', 'thrown']).toContain(outcome);
    }
    server.intercept = () => false;
    expect(await archived(git, url, commit)).toHaveProperty('Dockerfile');
  });

  it('whose pack is small and unpacks to a gigabyte is refused before anything is unpacked', async () => {
    await server.create('bomb');
    const commit = await server.commit('bomb', 'main', { Dockerfile: 'FROM scratch' });
    const pack = packOf([{ type: 3, size: 1024 ** 3, deflated: zeros(1024 ** 3) }]);
    const before = process.memoryUsage().rss;
    server.intercept = (request, response) => {
      if (request.method !== 'POST') return false;
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' }).end(inSideband(pack));
      return true;
    };
    const answer = await git
      .archiveOf({ url: server.url('bomb') }, commit, '')
      .finally(() => (server.intercept = () => false));
    expect(answer).toMatchObject({ is: 'refused', why: expect.stringContaining('1073741824 bytes') as string });
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 ** 2);
  });

  it.each(['..', '.git', '.GIT', 'a/b', '\\'])('whose tree has a file named %j is refused', async (path) => {
    const name = `names${Buffer.from(path).toString('hex')}`;
    await server.create(name);
    await server.commit(name, 'main', { Dockerfile: 'FROM scratch' });
    const blob = await server.git(name, 'rev-parse', 'HEAD:Dockerfile');
    const commit = await commitOf(
      server,
      name,
      Buffer.concat([Buffer.from(`100644 ${path}\0`), Buffer.from(blob, 'hex')]),
    );
    const answer = await git.archiveOf({ url: server.url(name) }, commit, '');
    expect(answer.is === 'archive' ? await filesIn(answer.tar) : answer).toMatchObject({
      is: 'refused',
      why: expect.stringMatching(/is named|damaged/) as string,
    });
  });
});

/** Commits a tree that git itself would not make, and returns the commit. */
async function commitOf(from: GitServer, name: string, tree: Buffer): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'longshore-test-tree-')), 'tree');
  await writeFile(file, tree);
  const oid = await from.git(name, 'hash-object', '-w', '--literally', '-t', 'tree', file);
  await rm(dirname(file), { recursive: true });
  const commit = await from.git(name, 'commit-tree', '-m', 'x', oid);
  await from.git(name, 'update-ref', 'refs/heads/main', commit);
  return commit;
}
