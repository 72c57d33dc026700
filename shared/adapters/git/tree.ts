import type { FsClient, TreeEntry } from 'isomorphic-git';
import { defined } from '../../core/documents/defined.ts';
import { GitFault } from './fault.ts';

/**
 * The limits of a tree: its files, the bytes of all of them, the folders below each other, and the characters of a
 * path.
 */
const treeLimits = { files: 100_000, bytes: 2 * 1024 ** 3, depth: 100, path: 1_000 } as const;

/** A file, link or folder at a path of a commit's tree. */
export type TreeFile =
  | { readonly is: 'file'; readonly path: string; readonly isExecutable: boolean; readonly bytes: Uint8Array }
  | { readonly is: 'link'; readonly path: string; readonly to: string }
  | { readonly is: 'folder'; readonly path: string };

interface Place {
  readonly fs: FsClient;
  readonly dir: string;
}

/**
 * Reads everything below a folder, in git's own order. Throws `GitFault` for a name that could lead out of the tree,
 * and beyond the limits.
 */
export async function* filesOf(place: Place, commit: string, folder: string): AsyncIterable<TreeFile> {
  const { readBlob, readTree } = await import('isomorphic-git');
  const left = { files: treeLimits.files, bytes: treeLimits.bytes };
  const cache = {};
  async function* below(oid: string, at: string, depth: number): AsyncIterable<TreeFile> {
    if (depth > treeLimits.depth) throw new GitFault(`folders lie more than ${treeLimits.depth} deep in it`);
    const { tree } = await readTree({
      ...place,
      oid,
      cache,
      ...defined({ filepath: depth === 0 && folder !== '' ? folder : undefined }),
    });
    checkNames(tree);
    for (const entry of tree) {
      const path = at === '' ? entry.path : `${at}/${entry.path}`;
      left.files -= 1;
      if (left.files < 0 || path.length > treeLimits.path)
        throw new GitFault(
          `it has more than ${treeLimits.files} files, or a path of more than ${treeLimits.path} characters`,
        );
      if (entry.type === 'blob') yield await fileAt(entry, path);
      else yield { is: 'folder', path };
      if (entry.type === 'tree') yield* below(entry.oid, path, depth + 1);
    }
  }
  async function fileAt({ oid, mode }: TreeEntry, path: string): Promise<TreeFile> {
    const { blob } = await readBlob({ ...place, oid, cache });
    left.bytes -= blob.length;
    if (left.bytes < 0) throw new GitFault(`its files have more than ${treeLimits.bytes} bytes`);
    return mode === '120000'
      ? { is: 'link', path, to: Buffer.from(blob).toString('utf8') }
      : { is: 'file', path, isExecutable: mode === '100755', bytes: blob };
  }
  yield* below(commit, '', 0);
}

/**
 * Refuses the names that git itself refuses to check out: those that would leave the folder, or write into a
 * repository's own.
 */
function checkNames(tree: readonly TreeEntry[]): void {
  const seen = new Set<string>();
  for (const { path } of tree) {
    if (path === '' || path === '.' || path === '..' || path.toLowerCase() === '.git' || /[/\\\0]/.test(path))
      throw new GitFault(`a file of it is named ${JSON.stringify(path.slice(0, 50))}`);
    if (seen.has(path)) throw new GitFault(`it has ${JSON.stringify(path.slice(0, 50))} twice`);
    seen.add(path);
  }
}
