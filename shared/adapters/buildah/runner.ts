import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { Digest } from '../../oci/digest.ts';
import type { BuildJob, BuiltImage, RegistryAccess, Runner, RunOutcome } from '../../ports/runner.ts';
import { authFileFor } from './auth-file.ts';
import { spawned } from './spawned.ts';
import type { Spawned } from './spawned.ts';

const setUpMs = 5 * 60_000;
const pullMs = 10 * 60_000;

type Log = (text: string) => void;

/** A folder of one job's own: context, image store and result, all gone when it is discarded. */
class Workplace {
  readonly #path: string;
  readonly #log: Log;
  readonly #signal: AbortSignal;

  private constructor(path: string, log: Log, signal: AbortSignal) {
    this.#path = path;
    this.#log = log;
    this.#signal = signal;
  }

  static async make(plainHosts: readonly string[], access: RegistryAccess | undefined, log: Log, signal: AbortSignal): Promise<Workplace> {
    const path = await mkdtemp(join(tmpdir(), 'longshore-build-'));
    const registries = plainHosts.map((host) => `[[registry]]\nlocation = ${JSON.stringify(host)}\ninsecure = true\n`);
    await writeFile(join(path, 'registries.conf'), ['unqualified-search-registries = ["docker.io"]\n', ...registries].join('\n'));
    await writeFile(join(path, 'auth.json'), await authFileFor(access ?? { logins: [], abroad: [] }), { mode: 0o600 });
    return new Workplace(path, log, signal);
  }

  at(...names: string[]): string {
    return join(this.#path, ...names);
  }

  run(program: string, args: readonly string[], timeoutMs: number): Promise<Spawned> {
    // Nothing of this process's environment but what programs need: its settings hold keys.
    const { PATH, HOME, BUILDAH_ISOLATION = 'chroot', XDG_RUNTIME_DIR } = process.env;
    const env = { PATH, HOME, BUILDAH_ISOLATION, XDG_RUNTIME_DIR, REGISTRY_AUTH_FILE: this.at('auth.json'), CONTAINERS_REGISTRIES_CONF: this.at('registries.conf'), TMPDIR: this.#path };
    return spawned(program, args, { env, cwd: this.#path, timeoutMs, signal: this.#signal, log: this.#log });
  }

  buildah(command: string, args: readonly string[], timeoutMs: number): Promise<Spawned> {
    return this.run('buildah', ['--storage-driver', process.env.STORAGE_DRIVER ?? 'vfs', '--root', this.at('storage'), '--runroot', this.at('run'), command, ...args], timeoutMs);
  }

  /** What a driver has left mounted stays, and is said: no build fails for it. */
  async discard(): Promise<void> {
    try {
      await rm(this.#path, { recursive: true, force: true });
    } catch (error) {
      this.#log(`${this.#path} could not be removed: ${String(error)}\n`);
    }
  }
}

const tag = 'localhost/longshore/result';

/** Builds by buildah, which must be on this machine; each job in an image store of its own. */
export function buildahRunner(): Runner {
  return {
    name: 'buildah',
    async build({ context, secrets, annotations, dockerfile, pins, target, arguments: given, platform, plainHosts, access, timeoutMs }, log, signal) {
      const printed = { isForeign: false };
      const watched = (text: string) => {
        printed.isForeign ||= /exec format error/i.test(text);
        log(text);
      };
      const place = await Workplace.make(plainHosts, access, watched, signal);
      try {
        const why = await unpacked(place, context, dockerfile);
        if (why !== undefined) return await failedIn(place, why);
        await movePins(place.at('context', dockerfile), pins);
        const named = Object.entries(given).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
        const secretOptions = await secretFiles(place, secrets);
        const noted = Object.entries(annotations).flatMap(([name, value]) => ['--annotation', `${name}=${value}`]);
        const options = ['--pull-always', '--format', 'oci', '--platform', platform, '-f', place.at('context', dockerfile), ...(target === undefined ? [] : ['--target', target]), ...named, ...noted, ...secretOptions];
        const built = await place.buildah('build', [...options, '-t', tag, place.at('context')], timeoutMs);
        if (built.code !== 0) return await failedIn(place, `${ended('buildah', built, timeoutMs)}${printed.isForeign ? `: a step runs a program that is not for this machine's processor. For ${platform} it needs an emulator (qemu-user-static), or another machine` : ''}`);
        return { is: 'built', image: await imageIn(place) };
      } catch (error) {
        await place.discard();
        throw error;
      }
    },
    async pull(reference, plainHosts, log, signal, access) {
      const place = await Workplace.make(plainHosts, access, log, signal);
      const pulled = await place.buildah('pull', [`docker://${reference}`], pullMs);
      const tagged = pulled.code === 0 ? await place.buildah('tag', [reference, tag], setUpMs) : pulled;
      if (tagged.code === 0) return imageIn(place);
      await place.discard();
      throw new Error(`${reference} could not be pulled by buildah`);
    },
  };
}

/** Files in the job's folder, which only this user may enter: a value in an argument would be seen by every process of the machine. */
async function secretFiles(place: Workplace, secrets: Readonly<Record<string, string>>): Promise<string[]> {
  await mkdir(place.at('secrets'), { mode: 0o700 });
  const files = Object.entries(secrets).map(async ([id, value], at) => {
    const file = place.at('secrets', String(at));
    await writeFile(file, value, { mode: 0o600 });
    return ['--secret', `id=${id},src=${file}`];
  });
  return (await Promise.all(files)).flat();
}

async function failedIn(place: Workplace, why: string): Promise<{ is: 'failed'; why: string }> {
  await place.discard();
  return { is: 'failed', why };
}

function ended(program: string, { code, isTimedOut }: Spawned, timeoutMs: number): string {
  return isTimedOut ? `${program} took longer than ${Math.round(timeoutMs / 1_000)} s, and was stopped` : `${program} ended with exit code ${code ?? 'of a signal'}`;
}

/** tar itself leaves no archive write outside of the folder. Gives what is wrong with the context. */
async function unpacked(place: Workplace, context: ReadableStream<Uint8Array>, dockerfile: string): Promise<string | undefined> {
  await pipeline(Readable.fromWeb(context), createWriteStream(place.at('context.tar')));
  await mkdir(place.at('context'));
  const done = await place.run('tar', ['--no-same-owner', '-xf', place.at('context.tar'), '-C', place.at('context')], setUpMs);
  if (done.code !== 0) return 'the context is no tar archive';
  // As it really is: a link in the context may lead out of it, and the builder would follow.
  const [root, file] = await Promise.all([realpath(place.at('context')), realpath(resolve(place.at('context'), dockerfile)).catch(() => undefined)]);
  if (file === undefined) return `the context has no file ${dockerfile}`;
  return file.startsWith(`${root}/`) ? undefined : `${dockerfile} lies outside of the context`;
}

/** Wherever a digest stands in it, in a variable's default too. */
async function movePins(file: string, pins: BuildJob['pins']): Promise<void> {
  const moved = Object.entries(pins);
  if (moved.length === 0) return;
  const text = await readFile(file, 'utf8');
  await writeFile(file, moved.reduce((all, [from, to]) => all.replaceAll(from, to), text));
}

const indexSchema = z.object({ manifests: z.array(z.object({ digest: z.string().regex(/^sha256:[a-f0-9]{64}$/) })).min(1) });

async function imageIn(place: Workplace): Promise<BuiltImage> {
  const saved = await place.buildah('push', ['--quiet', tag, `oci:${place.at('image')}:result`], setUpMs);
  if (saved.code !== 0) throw new Error('buildah could not give its image away');
  const blob = (digest: string) => place.at('image', 'blobs', ...digest.split(':'));
  const { manifests } = indexSchema.parse(JSON.parse(await readFile(place.at('image', 'index.json'), 'utf8')));
  return {
    manifest: await readFile(blob(manifests[0]?.digest ?? '')),
    openBlob: (digest: Digest) => Readable.toWeb(createReadStream(blob(digest))),
    test: (command, timeoutMs) => testIn(place, command, timeoutMs),
    discard: () => place.discard(),
  };
}

async function testIn(place: Workplace, command: readonly string[], timeoutMs: number): Promise<RunOutcome> {
  const begun = await place.buildah('from', ['--name', 'test', tag], setUpMs);
  if (begun.code !== 0) return { is: 'failed', why: 'no container could be made of the image' };
  const run = await place.buildah('run', ['test', '--', ...command], timeoutMs);
  return run.code === 0 ? { is: 'passed' } : { is: 'failed', why: ended('its test', run, timeoutMs) };
}
