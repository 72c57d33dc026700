import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import type { CommitFiles } from '../../shared/adapters/memory/git.ts';
import type { Git } from '../../shared/core/ports/git.ts';

export interface GitSubject {
  readonly git: Git;
  /** A repository that is there already when it is named again. */
  readonly repository: (name: string, password?: string) => Promise<string>;
  readonly commit: (url: string, branch: string, files: CommitFiles) => Promise<string>;
}

/** Path and content, or where a link leads; folders are left out. */
export async function filesIn(tar: ReadableStream<Uint8Array>): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const entry of Readable.fromWeb(tar as never).pipe(extract())) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
    if (entry.header.type === 'symlink') files[entry.header.name] = `-> ${entry.header.linkname}`;
    else if (entry.header.type === 'file') files[entry.header.name] = Buffer.concat(chunks).toString();
  }
  return files;
}

export async function archived(git: Git, url: string, commit: string, folder = ''): Promise<Record<string, string>> {
  const archive = await git.archiveOf({ url }, commit, folder);
  if (archive.is !== 'archive') throw new Error(archive.why);
  return filesIn(archive.tar);
}

/** Declares the tests that every adapter of `Git` passes. */
export function gitContract(name: string, subject: () => GitSubject): void {
  describe(`git: ${name}`, () => {
    it('knows the commit that a branch names, and the branch of the same name again when it has moved', async () => {
      const { git, repository, commit } = subject();
      const url = await repository('branches');
      const first = await commit(url, 'main', { Dockerfile: 'FROM scratch' });
      expect(await git.resolveRef({ url }, 'main')).toEqual({ is: 'at', commit: first });
      expect(await git.resolveRef({ url }, 'refs/heads/main')).toEqual({ is: 'at', commit: first });
      const second = await commit(url, 'main', { Dockerfile: 'FROM scratch\nCOPY . .' });
      expect(await git.resolveRef({ url }, 'main')).toEqual({ is: 'at', commit: second });
      expect(await git.resolveRef({ url }, first)).toEqual({ is: 'at', commit: first });
    });

    it('gives the files of a commit, also of one that no branch names any more', async () => {
      const { git, repository, commit } = subject();
      const url = await repository('files');
      const first = await commit(url, 'main', {
        Dockerfile: 'FROM scratch',
        'app/main.js': 'hello',
        'app/deep/er': 'x',
        link: { to: '../../etc/passwd' },
      });
      await commit(url, 'main', { Dockerfile: 'FROM other' });
      expect(await archived(git, url, first)).toEqual({
        Dockerfile: 'FROM scratch',
        'app/main.js': 'hello',
        'app/deep/er': 'x',
        link: '-> ../../etc/passwd',
      });
      expect(await archived(git, url, first, 'app')).toEqual({ 'main.js': 'hello', 'deep/er': 'x' });
    });

    it('refuses what is not there, and says so', async () => {
      const { git, repository, commit } = subject();
      const url = await repository('absent');
      const head = await commit(url, 'main', { Dockerfile: 'FROM scratch' });
      expect(await git.resolveRef({ url }, 'none')).toEqual({
        is: 'refused',
        why: 'it has no refs/tags/none and no refs/heads/none',
      });
      expect(await git.archiveOf({ url }, head, 'none')).toEqual({
        is: 'refused',
        why: 'it has no such commit or folder',
      });
      expect(await git.resolveRef({ url: `${url}x` }, 'main')).toMatchObject({
        is: 'refused',
        why: expect.stringContaining('404') as string,
      });
    });

    it('asks a private repository with what it wants, and refuses without', async () => {
      const { git, repository, commit } = subject();
      const url = await repository('private', 'secret');
      const head = await commit(url, 'main', { Dockerfile: 'FROM scratch' });
      expect(await git.resolveRef({ url, credential: { username: 'user', password: 'secret' } }, 'main')).toEqual({
        is: 'at',
        commit: head,
      });
      for (const credential of [undefined, { username: 'user', password: 'wrong' }])
        expect(await git.resolveRef({ url, credential }, 'main')).toEqual({
          is: 'refused',
          why: 'it needs credentials, or others than the given ones',
        });
    });
  });
}
