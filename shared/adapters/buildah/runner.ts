import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { Digest } from '../../core/oci/digest.ts';
import { TarRefused } from '../../core/oci/tar-walk.ts';
import { contextBounds, unpackedTar } from '../../core/oci/unpacked-tar.ts';
import type { BuildJob, BuiltImage, Runner, RunOutcome } from '../../core/ports/runner.ts';
import type { Ran, Sandboxed } from './workplace.ts';
import { Workplace } from './workplace.ts';

const setUpMs = 5 * 60_000;
const pullMs = 10 * 60_000;

const tag = 'localhost/longshore/result';

/**
 * Builds by buildah, which must be on this machine; each job in a folder, an image store and a world of its own
 * (`sandbox.ts`): neither its steps nor the builder itself see this machine's files, processes or network.
 */
export function buildahRunner(sandboxed: Sandboxed): Runner {
  return {
    name: 'buildah',
    async build(job, log, signal) {
      const { context, secrets, dockerfile, pins, platform, plainHosts, ownHosts, access, timeoutMs } = job;
      const printed = { isForeign: false };
      const watched = (text: string) => {
        printed.isForeign ||= /exec format error/i.test(text);
        log(text);
      };
      const place = await Workplace.make(sandboxed, { plainHosts, ownHosts, access, log: watched, signal });
      try {
        const file = await unpackContext(place, context, dockerfile);
        if ('why' in file) return await failedIn(place, file.why);
        await movePins(place.at('context', file.path), pins);
        const { makes, starts } = place.containerOptions;
        const options = [
          '--pull-always',
          '--format',
          'oci',
          '--platform',
          platform,
          '-f',
          place.seen('context', file.path),
          ...makes,
          ...starts,
          ...buildOptions(job),
          ...(await secretFiles(place, secrets)),
        ];
        const built = await place.buildah('build', [...options, '-t', tag, place.seen('context')], timeoutMs, {
          shown: ['login', 'secrets'],
        });
        if (built.code !== 0)
          return await failedIn(
            place,
            `${outcomeOf('buildah', built, timeoutMs)}${printed.isForeign ? foreignStep(platform) : ''}`,
          );
        return { is: 'built', image: await imageIn(place) };
      } catch (error) {
        await place.discard();
        throw error;
      }
    },
    async pull(reference, { plainHosts, ownHosts, access }, log, signal) {
      const place = await Workplace.make(sandboxed, { plainHosts, ownHosts, access, log, signal });
      try {
        const pulled = await place.buildah('pull', [`docker://${reference}`], pullMs, { shown: ['login'] });
        const tagged = pulled.code === 0 ? await place.buildah('tag', [reference, tag], setUpMs) : pulled;
        if (tagged.code !== 0) throw new Error(`${reference} could not be pulled by buildah`);
        return await imageIn(place);
      } catch (error) {
        await place.discard();
        throw error;
      }
    },
  };
}

function buildOptions({ target, arguments: given, annotations }: BuildJob): string[] {
  const named = Object.entries(given).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const noted = Object.entries(annotations).flatMap(([name, value]) => ['--annotation', `${name}=${value}`]);
  return [...(target === undefined ? [] : ['--target', target]), ...named, ...noted];
}

/**
 * Writes secrets to files that the builder alone may read: a value in an argument would be seen by every process of the
 * machine.
 */
async function secretFiles(place: Workplace, secrets: Readonly<Record<string, string>>): Promise<string[]> {
  const options: string[] = [];
  for (const [at, [id, value]] of Object.entries(secrets).entries())
    options.push('--secret', `id=${id},src=${await place.writeSecret(String(at), value)}`);
  return options;
}

async function failedIn(place: Workplace, why: string): Promise<{ is: 'failed'; why: string }> {
  await place.discard();
  return { is: 'failed', why };
}

function foreignStep(platform: string): string {
  return (
    ": a step runs a program that is not for this machine's processor. " +
    `For ${platform} it needs an emulator (qemu-user-static), or another machine`
  );
}

function outcomeOf(program: string, { code, isTimedOut, over }: Ran, timeoutMs: number): string {
  if (over !== undefined) return `${program} was stopped: ${over}`;
  return isTimedOut
    ? `${program} took longer than ${Math.round(timeoutMs / 1_000)} s, and was stopped`
    : `${program} ended with exit code ${code ?? 'of a signal'}`;
}

/**
 * The bytes allowed for a Dockerfile, more than are read of one when its task is made. It is read as a whole to move
 * digests.
 */
const maxDockerfileBytes = 1024 * 1024;

/** Unpacks the context. Returns the real place of the Dockerfile in it, or what is wrong with the context. */
async function unpackContext(
  place: Workplace,
  context: ReadableStream<Uint8Array>,
  dockerfile: string,
): Promise<{ path: string } | { why: string }> {
  const { tar } = await unpackedTar(context, contextBounds);
  try {
    await pipeline(tar, createWriteStream(place.at('context.tar'), { flags: 'wx' }));
    // The builder is another user, and this process's umask may keep its files from others.
    await chmod(place.at('context.tar'), 0o644);
  } catch (error) {
    if (error instanceof TarRefused) return { why: `the context cannot be used: ${error.message}` };
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') === true)
      return { why: 'the context is not a tar archive, or it is damaged' };
    throw error;
  }
  // The builder's own user unpacks it, where none of this machine's files are: whatever an archive is made to write
  // lies in its own job.
  const done = await place.run(
    ['sh', '-c', 'mkdir context && tar --no-same-owner -xf context.tar -C context && rm context.tar'],
    setUpMs,
  );
  if (done.code !== 0)
    return {
      why: done.over === undefined ? 'the context is not a tar archive' : `the context cannot be used: ${done.over}`,
    };
  // The path is resolved: a link in the context may lead out of it, and the builder would follow.
  const [root, file] = await Promise.all([
    realpath(place.at('context')),
    realpath(resolve(place.at('context'), dockerfile)).catch(() => undefined),
  ]);
  if (file === undefined) return { why: `the context has no file ${dockerfile}` };
  if (!file.startsWith(`${root}/`)) return { why: `${dockerfile} is outside of the context` };
  // An archive may hold the file twice, so that this one differs from the one that was read before.
  if ((await stat(file)).size > maxDockerfileBytes)
    return { why: `${dockerfile} has more than ${maxDockerfileBytes} bytes` };
  // buildah runs such a file through the C preprocessor, as the builder: an `#include` would print the job's login and
  // its secrets.
  if (file.endsWith('.in'))
    return {
      why: `${dockerfile} is a file whose name ends in .in, for which buildah runs the C preprocessor: rename it`,
    };
  return { path: relative(root, file) };
}

/** Replaces digests wherever they stand in the Dockerfile, in a variable's default too. */
async function movePins(file: string, pins: BuildJob['pins']): Promise<void> {
  const moved = Object.entries(pins);
  if (moved.length === 0) return;
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    moved.reduce((all, [from, to]) => all.replaceAll(from, to), text),
  );
}

const indexSchema = z.object({
  manifests: z.array(z.object({ digest: z.string().regex(/^sha256:[a-f0-9]{64}$/) })).min(1),
});
/** The bytes that the registry accepts: a manifest has at most 4 MiB. */
const maxManifestBytes = 4 * 1024 * 1024;

async function imageIn(place: Workplace): Promise<BuiltImage> {
  const saved = await place.buildah('push', ['--quiet', tag, `oci:${place.seen('image')}:result`], setUpMs);
  if (saved.code !== 0) throw new Error('buildah could not export its image');
  const { manifests } = indexSchema.parse(JSON.parse((await readOwn(place, 'image', 'index.json')).toString('utf8')));
  const manifest = await readOwn(place, 'image', 'blobs', ...(manifests[0]?.digest ?? '').split(':'));
  return {
    manifest,
    openBlob: (digest: Digest) =>
      lateStream(async () => createReadStream('', { fd: await place.openOwn('image', 'blobs', ...digest.split(':')) })),
    test: (command, timeoutMs) => testIn(place, command, timeoutMs),
    discard: () => place.discard(),
  };
}

async function readOwn(place: Workplace, ...names: string[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream('', {
    fd: await place.openOwn(...names),
    end: maxManifestBytes,
  }) as AsyncIterable<Buffer>)
    chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (bytes.length > maxManifestBytes) throw new Error(`${names.join('/')} is larger than a manifest may be`);
  return bytes;
}

/** Makes a stream that is opened when it is read. */
function lateStream(open: () => Promise<Readable>): ReadableStream<Uint8Array> {
  async function* bytes() {
    yield* (await open()) as AsyncIterable<Uint8Array>;
  }
  return Readable.toWeb(Readable.from(bytes(), { objectMode: false }));
}

async function testIn(place: Workplace, command: readonly string[], timeoutMs: number): Promise<RunOutcome> {
  const { makes, starts } = place.containerOptions;
  const begun = await place.buildah('from', ['--name', 'test', '--pull=never', ...makes, tag], setUpMs);
  if (begun.code !== 0) return { is: 'failed', why: 'no container could be created from the image' };
  const run = await place.buildah('run', [...starts, 'test', '--', ...command], timeoutMs);
  return run.code === 0 ? { is: 'passed' } : { is: 'failed', why: outcomeOf('its test', run, timeoutMs) };
}
