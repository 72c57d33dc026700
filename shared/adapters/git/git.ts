import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { listServerRefs } from 'isomorphic-git';
import type { Pack } from 'tar-stream';
import { pack } from 'tar-stream';
import type { OutboundClient } from '../../core/outbound/outbound-client.ts';
import { withoutUser } from '../../core/outbound/shown-url.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { Git, GitRefused, GitRepository } from '../../core/ports/git.ts';
import { OutboundRefused } from '../../core/ports/outbound.ts';
import { checkedFs } from './checked-fs.ts';
import { GitFault } from './fault.ts';
import type { GuardedHttp } from './guarded-http.ts';
import { guardedHttp } from './guarded-http.ts';
import type { PackLimits } from './pack.ts';
import { packLimits } from './pack.ts';
import type { TreeFile } from './tree.ts';
import { filesOf } from './tree.ts';

/** The library is loaded when it is first needed: most instances never fetch. */
const library = () => import('isomorphic-git');

const usualPatience = { listingMs: 30_000, fetchingMs: 5 * 60_000 };
/**
 * The limits of a listing of a hundred thousand branches, and of a pack as a shallow clone of a large repository has
 * it.
 */
const [listingBytes, packBytes] = [16 * 1024 ** 2, 256 * 1024 ** 2];

export interface HttpGitOptions {
  /** The milliseconds allowed for a listing and for a pack; tests use fewer. */
  readonly patience?: { readonly listingMs: number; readonly fetchingMs: number };
  /** The limit of a pack, in bytes; tests use a smaller one. */
  readonly mostBytes?: number;
  /** The limits of what a pack unpacks to; tests use smaller ones. */
  readonly limits?: PackLimits;
}

/**
 * Reads git repositories over smart HTTP, without a git of this machine: by a shallow fetch of one commit into a folder
 * that is removed afterwards.
 */
export function httpGit(
  client: OutboundClient,
  { mostBytes = packBytes, limits = packLimits, patience = usualPatience }: HttpGitOptions = {},
): Git {
  return {
    resolveRef: (repository, ref) =>
      orRefused(repository, async () => {
        if (/^[0-9a-f]{40}$/.test(ref)) return { is: 'at', commit: ref };
        const { listServerRefs } = await library();
        const http = guardedHttp({ client, mostBytes: listingBytes, totalMs: patience.listingMs });
        try {
          return await findRef(ref, (prefix) =>
            unlessBroken(http, () =>
              listServerRefs({
                http,
                url: repository.url,
                protocolVersion: 2,
                prefix,
                peelTags: true,
                ...authOf(repository),
              }),
            ),
          );
        } finally {
          http.end();
        }
      }),
    archiveOf: (repository, commit, folder) =>
      orRefused(repository, async () => {
        const { addRemote, fetch, init } = await library();
        const dir = await mkdtemp(join(tmpdir(), 'longshore-git-'));
        const discard = () => rm(dir, { recursive: true, force: true });
        const http = guardedHttp({ client, mostBytes, totalMs: patience.fetchingMs });
        try {
          await init({ fs, dir });
          await addRemote({ fs, dir, remote: 'origin', url: repository.url });
          await unlessBroken(http, () =>
            fetch({
              fs: checkedFs(limits),
              http,
              dir,
              onProgress: () => setImmediate(),
              url: repository.url,
              ref: commit,
              singleBranch: true,
              depth: 1,
              tags: false,
              ...authOf(repository),
            }),
          );
          return { is: 'archive', tar: await archiveFiles({ fs, dir }, commit, folder, discard) };
        } catch (error) {
          await discard();
          throw error;
        } finally {
          http.end();
        }
      }),
  };
}

/** Does what git's library is asked for. Throws the failure of the connection, whatever the library made of it. */
async function unlessBroken<T>(http: GuardedHttp, work: () => Promise<T>): Promise<T> {
  const made = await work().catch((error: unknown) => {
    throw http.failure ?? error;
  });
  if (http.failure !== undefined) throw http.failure;
  return made;
}

/**
 * Passes the credential on, only when the server asks for it, and to the repository's own URL alone: no redirect is
 * followed.
 */
function authOf({ credential }: GitRepository) {
  return { onAuth: () => credential ?? { cancel: true }, onAuthFailure: () => ({ cancel: true }) };
}

type ServerRefs = Awaited<ReturnType<typeof listServerRefs>>;

/** Finds a reference, in the order in which git itself searches (gitrevisions). */
async function findRef(
  ref: string,
  list: (prefix: string) => Promise<ServerRefs>,
): Promise<{ is: 'at'; commit: string } | GitRefused> {
  const names = ref === 'HEAD' || ref.startsWith('refs/') ? [ref] : [`refs/tags/${ref}`, `refs/heads/${ref}`];
  for (const name of names) {
    const there = (await list(name)).find((each) => each.ref === name);
    if (there !== undefined) return { is: 'at', commit: there.peeled ?? there.oid };
  }
  return { is: 'refused', why: `it has no ${names.join(' and no ')}` };
}

/**
 * Archives the files of a commit. The first file is read before the stream is returned, so that a missing folder is
 * refused at once.
 */
async function archiveFiles(
  place: Parameters<typeof filesOf>[0],
  commit: string,
  folder: string,
  discard: () => Promise<void>,
): Promise<ReadableStream<Uint8Array>> {
  const files = filesOf(place, commit, folder)[Symbol.asyncIterator]();
  let next = await files.next();
  const archive = pack();
  // Nobody reads any more: a file's callback would never be called.
  const closed = new Promise<never>((_, failed) =>
    archive.once('close', () => {
      failed(new Error('the archive is not read to its end'));
    }),
  );
  closed.catch(() => undefined);
  const write = async () => {
    for (; next.done !== true; next = await files.next()) await Promise.race([entry(archive, next.value), closed]);
    archive.finalize();
  };
  write()
    .catch((error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))))
    .finally(() => void discard());
  return Readable.toWeb(Readable.from(archive)) as ReadableStream<Uint8Array>;
}

/** Adds a file to the archive. Times and owners are fixed, so that the same commit gives the same bytes. */
function entry(archive: Pack, file: TreeFile): Promise<void> {
  return new Promise((written, failed) => {
    const { header, bytes } = entryOf(file);
    archive.entry({ ...header, mtime: new Date(0), uid: 0, gid: 0 }, bytes, (error) => {
      if (error === null || error === undefined) written();
      else failed(error);
    });
  });
}

function entryOf(file: TreeFile) {
  switch (file.is) {
    case 'file':
      return {
        header: { name: file.path, type: 'file' as const, mode: file.isExecutable ? 0o755 : 0o644 },
        bytes: Buffer.from(file.bytes),
      };
    case 'link':
      return {
        header: { name: file.path, type: 'symlink' as const, linkname: file.to, mode: 0o777 },
        bytes: Buffer.alloc(0),
      };
    case 'folder':
      return { header: { name: `${file.path}/`, type: 'directory' as const, mode: 0o755 }, bytes: Buffer.alloc(0) };
  }
}

/**
 * Runs `work`. Faults that the repository's owner must correct are returned as refusals; those that may pass by
 * themselves are thrown.
 */
async function orRefused<T>({ url }: GitRepository, work: () => Promise<T>): Promise<T | GitRefused> {
  try {
    return await work();
  } catch (error) {
    const why = await refusal(error);
    if (why !== undefined) return { is: 'refused', why };
    // The message is logged, and shown to everybody who may read builds: a token in the URL is not for them.
    const shown = withoutUser(url);
    const message = (error instanceof Error ? error.message : String(error)).replaceAll(url, shown);
    throw new StoreFailure({ dependency: 'git', kind: 'unavailable', message: `${shown}: ${message}`, cause: error });
  }
}

async function refusal(error: unknown): Promise<string | undefined> {
  const { Errors } = await library();
  if (error instanceof GitFault || error instanceof OutboundRefused) return error.message;
  if (error instanceof Errors.UserCanceledError) return 'it needs credentials, or others than the given ones';
  if (error instanceof Errors.NotFoundError) return 'it has no such commit or folder';
  if (error instanceof Errors.HttpError && error.data.statusCode < 500 && error.data.statusCode !== 429)
    return (
      `it answers ${error.data.statusCode}: check that the URL is that of the repository itself, and ` +
      'that the credentials may read it'
    );
  if (error instanceof Errors.HttpError) return undefined;
  if (isLibrarys(error))
    return `it does not speak git's smart HTTP protocol, or what it sends is damaged: ${error.message.slice(0, 200)}`;
  return undefined;
}

/**
 * Says whether an error is the library's own, which means that the server's answer was wrong; a failed connection is no
 * such error.
 */
function isLibrarys(error: unknown): error is Error {
  return error instanceof Error && 'isIsomorphicGitError' in error;
}
