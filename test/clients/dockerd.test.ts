import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import { command } from './command.ts';
import type { DockerEngine } from './docker-engine.ts';
import { startDockerEngine } from './docker-engine.ts';

let required: RequiredStack;
let engine: DockerEngine;
/** The clean-ups of what was started: they run even when the rest did not start. */
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  required = await startRequiredStack();
  stops.push(() => required.stop());
  engine = await startDockerEngine(join(required.folder, 'engine'));
  stops.push(() => engine.stop());
  await engine.docker(
    'import',
    '-c',
    'CMD ["/bin/busybox", "true"]',
    await rootFilesystem(required.folder),
    'longshore/app:1',
  );
});

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

/** A tar with busybox, and bytes that make the layer larger than a request's buffer. */
async function rootFilesystem(folder: string): Promise<string> {
  const [root, tar] = [join(folder, 'root'), join(folder, 'root.tar')];
  await mkdir(join(root, 'bin'), { recursive: true });
  await copyFile('/bin/busybox', join(root, 'bin', 'busybox'));
  await writeFile(join(root, 'random.bin'), randomBytes(8 * 1024 * 1024));
  await command('tar', ['-cf', tar, '-C', root, '.']);
  return tar;
}

/** The digest in "1: digest: sha256:… size: 528". */
function pushedDigest(printed: string): string {
  const digest = /digest: (sha256:[0-9a-f]{64}) size: \d+/.exec(printed)?.[1];
  if (digest === undefined) throw new Error(`no digest in: ${printed}`);
  return digest;
}

describe.each(['url', 'functionsUrl'] as const)("a Docker engine, by the stack's %s", (host) => {
  const registry = () => required.stack[host].replace('http://', '');
  const at = (name: string) => `${registry()}/${host.toLowerCase()}/${name}`;
  const idOf = async (name: string) => (await engine.docker('image', 'inspect', '--format', '{{.Id}}', name)).trim();

  it('is refused with a wrong password, and without one', async () => {
    await expect(engine.docker('login', '-u', 'admin', '-p', 'not it', registry())).rejects.toThrow(/unauthorized/);
    await engine.docker('tag', 'longshore/app:1', at('app:1'));
    await expect(engine.docker('push', at('app:1'))).rejects.toThrow(
      /no basic auth credentials|unauthorized|authentication required/,
    );
  });

  it('logs in, pushes, and pulls the same image after it was removed', async () => {
    expect(await engine.docker('login', '-u', 'admin', '-p', required.password, registry())).toContain(
      'Login Succeeded',
    );
    const digest = pushedDigest(await engine.docker('push', at('app:1')));
    await engine.docker('rmi', at('app:1'));
    await expect(idOf(at('app:1'))).rejects.toThrow(/No such image/);
    expect(await engine.docker('pull', at('app:1'))).toContain(`Digest: ${digest}`);
    expect(await idOf(at('app:1'))).toBe(await idOf('longshore/app:1'));
    expect(await engine.docker('pull', at(`app@${digest}`))).toContain(digest);
  });

  it('downloads every byte again when it has nothing left', async () => {
    const id = await idOf('longshore/app:1');
    await engine.docker('rmi', '--force', id);
    expect(await engine.docker('pull', at('app:1'))).toContain('Pull complete');
    expect(await idOf(at('app:1'))).toBe(id);
    await engine.docker('tag', at('app:1'), 'longshore/app:1');
  });

  it('pushes a second tag without a layer, and another repository by a mount', async () => {
    await engine.docker('tag', at('app:1'), at('app:2'));
    expect(await engine.docker('push', at('app:2'))).toContain('Layer already exists');
    await engine.docker('tag', at('app:1'), at('other/app:1'));
    const printed = await engine.docker('push', at('other/app:1'));
    expect(printed).toContain(`Mounted from ${host.toLowerCase()}/app`);
    expect(await engine.docker('pull', at('other/app:1'))).toContain(pushedDigest(printed));
  });

  it('pushes where a named token lets it, and nowhere else', async () => {
    const name = `docker-${host.toLowerCase()}`;
    const password = await required.makeToken(name, [
      `repositories/${host.toLowerCase()}/team/*/content/read`,
      `repositories/${host.toLowerCase()}/team/*/content/write`,
    ]);
    await engine.docker('login', '-u', name, '-p', password, registry());
    await engine.docker('tag', 'longshore/app:1', at('team/app:1'));
    await engine.docker('push', at('team/app:1'));
    await expect(engine.docker('push', at('app:2'))).rejects.toThrow(/denied|unauthorized|authentication required/);
  });

  it('has forgotten everything once it has logged out', async () => {
    await engine.docker('logout', registry());
    await expect(engine.docker('pull', at('app:1'))).rejects.toThrow(
      /no basic auth credentials|unauthorized|authentication required|denied/,
    );
  });
});
