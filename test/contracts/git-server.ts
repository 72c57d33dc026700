import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { CommitFiles } from '../../shared/adapters/memory/git.ts';

const run = promisify(execFile);
const nobody = {
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.com',
  GIT_CONFIG_NOSYSTEM: '1',
};

export interface GitServer {
  readonly url: (name: string) => string;
  create(name: string, password?: string): Promise<void>;
  commit(name: string, branch: string, files: CommitFiles): Promise<string>;
  /** In a repository's working copy. */
  git(name: string, ...args: string[]): Promise<string>;
  /** Answers instead of git, where it gives `true`. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly asked: string[];
  stop(): Promise<void>;
}

/** Repositories as git itself serves them, by `git http-backend` behind Node's HTTP server. */
export async function startGitServer(): Promise<GitServer> {
  const root = await mkdtemp(join(tmpdir(), 'longshore-test-git-'));
  const passwords = new Map<string, string>();
  const git = async (name: string, ...args: string[]) =>
    (await run('git', ['-C', join(root, 'work', name), ...args], { env: { ...process.env, ...nobody } })).stdout.trim();
  const server = createServer((request, response) => {
    state.asked.push(`${request.method} ${request.url}`);
    if (state.intercept(request, response)) return;
    const [, name = ''] = (request.url ?? '').split('/');
    const password = passwords.get(name.replace(/\.git$/, ''));
    if (
      password !== undefined &&
      request.headers.authorization !== `Basic ${Buffer.from(`user:${password}`).toString('base64')}`
    )
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    else void backend(root, request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const state: GitServer = {
    url: (name) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}.git`,
    asked: [],
    intercept: () => false,
    git,
    async create(name, password) {
      await run('git', ['init', '-q', '-b', 'main', join(root, 'work', name)], { env: { ...process.env, ...nobody } });
      await symlink(join(root, 'work', name, '.git'), join(root, `${name}.git`));
      await git(name, 'config', 'uploadpack.allowReachableSHA1InWant', 'true');
      if (password !== undefined) passwords.set(name, password);
    },
    async commit(name, branch, files) {
      await git(name, 'checkout', '-q', '-B', branch);
      const work = join(root, 'work', name);
      await git(name, 'rm', '-rfq', '--ignore-unmatch', '.');
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        if (typeof content === 'string') await writeFile(join(work, path), content);
        else await symlink(content.to, join(work, path));
      }
      await git(name, 'add', '-A');
      await git(name, 'commit', '-q', '--allow-empty', '-m', 'a commit');
      return git(name, 'rev-parse', 'HEAD');
    },
    async stop() {
      server.close();
      await rm(root, { recursive: true, force: true });
    },
  };
  return state;
}

/** CGI, as git-http-backend(1) says. */
async function backend(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '', 'http://git');
  const env = {
    PATH: process.env.PATH,
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    REQUEST_METHOD: request.method,
    PATH_INFO: url.pathname,
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: request.headers['content-type'],
    GIT_PROTOCOL: request.headers['git-protocol'] as string | undefined,
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
  };
  const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  const end = all.indexOf('\r\n\r\n');
  const headers = Object.fromEntries(
    all
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(': ', 2) as [string, string]),
  );
  const { Status: status = '200', ...rest } = headers;
  response.writeHead(Number.parseInt(status, 10), rest).end(all.subarray(end + 4));
}
