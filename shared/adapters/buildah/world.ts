import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ids } from './sandbox.ts';
import { builderOf } from './sandbox.ts';

/** The operator's own rules of signatures, where there are any. */
const policy = '/etc/containers/policy.json';

/**
 * Writes the folder of one job, as its builder's own: the builder works in `job`, `etc` has the settings of its world,
 * `gateway` is its way out, `login` has the credentials of registries, which only pulls see, and `secrets` those of the
 * build. Returns the names of the files of `etc` in the builder's world. Everything is written by names that nothing
 * else has: the builder never runs while this does.
 */
export function writeWorld(folder: string, ids: Ids, plainHosts: readonly string[]): Readonly<Record<string, string>> {
  const { uid, gid } = builderOf(ids);
  const registries = plainHosts.map((host) => `[[registry]]\nlocation = ${JSON.stringify(host)}\ninsecure = true\n`);
  const files: Readonly<Record<string, string>> = {
    passwd: 'root:x:0:0:builder:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
    group: 'root:x:0:\nnogroup:x:65534:\n',
    hosts: '127.0.0.1 localhost\n::1 localhost\n',
    'resolv.conf': '',
    'registries.conf': ['unqualified-search-registries = ["docker.io"]\n', ...registries].join('\n'),
  };
  // The program that runs steps is another user, and passes through the first two; nothing of this machine does,
  // because `folder` is closed.
  const folders = { job: 0o711, 'job/tmp': 0o711, etc: 0o700, gateway: 0o700, login: 0o700, secrets: 0o700 };
  for (const [name, mode] of Object.entries(folders)) {
    mkdirSync(join(folder, name));
    chmodSync(join(folder, name), mode);
    chownSync(join(folder, name), uid, gid);
  }
  const rules = existsSync(policy) ? readFileSync(policy, 'utf8') : '{"default":[{"type":"insecureAcceptAnything"}]}';
  for (const [name, text] of Object.entries({ ...files, 'policy.json': rules }))
    writeShown(join(folder, 'etc', name), text);
  chownSync(folder, uid, gid);
  return {
    passwd: '/etc/passwd',
    group: '/etc/group',
    hosts: '/etc/hosts',
    'resolv.conf': '/etc/resolv.conf',
    'registries.conf': '/etc/containers/registries.conf',
    'policy.json': '/etc/containers/policy.json',
  };
}

/** Writes a file that the builder may read, whatever this process's umask keeps from others. */
export function writeShown(path: string, content: string | Uint8Array, mode = 0o644): void {
  writeFileSync(path, content, { flag: 'wx' });
  chmodSync(path, mode);
}
