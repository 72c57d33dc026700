import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import type { Git, GitRefused } from '../../core/ports/git.ts';

/** Files by path; a value of `{ to }` is a symbolic link. */
export type CommitFiles = Readonly<Record<string, string | { readonly to: string }>>;

interface Repository {
  readonly refs: Map<string, string>;
  readonly commits: Map<string, CommitFiles>;
  readonly password?: string | undefined;
}

/** Repositories of git in memory. */
export class MemoryGit implements Git {
  readonly #repositories = new Map<string, Repository>();

  /** Makes a repository; one with a password requires it, whatever the user. */
  create(url: string, password?: string): void {
    this.#repositories.set(url, { refs: new Map(), commits: new Map(), password });
  }

  /** Makes a commit of these files alone, which a branch then names, and returns it. */
  commit(url: string, branch: string, files: CommitFiles): string {
    const repository = this.#repositories.get(url);
    if (repository === undefined) throw new TypeError(`no repository ${url}`);
    const commit = createHash('sha1')
      .update(JSON.stringify([files, repository.commits.size]))
      .digest('hex');
    repository.commits.set(commit, files);
    repository.refs.set(`refs/heads/${branch}`, commit);
    return commit;
  }

  resolveRef: Git['resolveRef'] = ({ url, credential }, ref) => {
    const repository = this.#open(url, credential?.password);
    if ('is' in repository) return Promise.resolve(repository);
    if (/^[0-9a-f]{40}$/.test(ref)) return Promise.resolve({ is: 'at', commit: ref });
    const names = ref.startsWith('refs/') ? [ref] : [`refs/tags/${ref}`, `refs/heads/${ref}`];
    const commit = names.flatMap((name) => repository.refs.get(name) ?? [])[0];
    return Promise.resolve(
      commit === undefined ? { is: 'refused', why: `it has no ${names.join(' and no ')}` } : { is: 'at', commit },
    );
  };

  archiveOf: Git['archiveOf'] = ({ url, credential }, commit, folder) => {
    const repository = this.#open(url, credential?.password);
    if ('is' in repository) return Promise.resolve(repository);
    const files = repository.commits.get(commit);
    const prefix = folder === '' ? '' : `${folder}/`;
    const below = Object.entries(files ?? {})
      .filter(([path]) => path.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    if (below.length === 0) return Promise.resolve({ is: 'refused', why: 'it has no such commit or folder' });
    const archive = pack();
    for (const [path, content] of below) {
      const header = { name: path.slice(prefix.length), mtime: new Date(0) };
      if (typeof content === 'string') archive.entry(header, content);
      else archive.entry({ ...header, type: 'symlink', linkname: content.to });
    }
    archive.finalize();
    return Promise.resolve({
      is: 'archive',
      tar: Readable.toWeb(Readable.from(archive)) as ReadableStream<Uint8Array>,
    });
  };

  #open(url: string, password: string | undefined): Repository | GitRefused {
    const repository = this.#repositories.get(url);
    if (repository === undefined)
      return {
        is: 'refused',
        why: 'it answers 404: check that the URL is that of the repository itself, and that the credentials may read it',
      };
    return repository.password === undefined || repository.password === password
      ? repository
      : { is: 'refused', why: 'it needs credentials, or others than the given ones' };
  }
}
