// Installs the packages where they are missing or are not those of package-lock.json. It is plain JavaScript for Node
// 20, and uses Node alone, because nothing is installed yet when it runs.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Milliseconds. The one who installs touches the lock this often; a lock that nobody touched for `abandonedMs` was left
 * by a start that was killed.
 */
const touchMs = 1_000;
const abandonedMs = 15_000;
const progressMs = 10_000;

/**
 * Resolves once the packages of `root` are installed, by this start or by another one that runs beside it. Throws where
 * npm fails.
 */
export async function installPackages(root) {
  let isWaiting = false;
  while (!isInstalled(root)) {
    const release = takeLock(root);
    if (release !== undefined) {
      try {
        // Another start may have ended its installation between the check and the lock.
        if (!isInstalled(root)) await runNpm(root);
      } finally {
        release();
      }
      return;
    }
    if (!isWaiting) process.stderr.write('Another start is installing the packages: waiting for it …\n');
    isWaiting = true;
    await delay(250);
  }
  // npm writes its record before its last scripts have ended: the lock says when all is there.
  while (isLocked(root)) await delay(250);
}

/**
 * Compares what npm recorded of node_modules with package-lock.json, so that an `npm ci` that was run by hand is
 * believed. npm removes the record when it begins and writes it when the packages are in place. Packages for other
 * platforms are left out of it.
 */
function isInstalled(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const present = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === undefined || present === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => path === '' || isSame(entry, present[path]));
}

function isSame(wanted, present) {
  if (present === undefined) return wanted.optional === true || wanted.devOptional === true;
  return (
    wanted.version === present.version && (wanted.integrity === undefined || wanted.integrity === present.integrity)
  );
}

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    // A record that is absent or half-written is no record.
    return undefined;
  }
}

/** Acquires the lock of `root` and returns the function that releases it; `undefined` while another start holds it. */
function takeLock(root) {
  const path = lockPath(root);
  const owner = randomUUID();
  try {
    writeFileSync(path, owner, { flag: 'wx' });
  } catch (error) {
    if (error.code !== 'EEXIST')
      throw new Error(`the packages cannot be installed: ${path} cannot be written (${error.code})`, { cause: error });
    dropAbandoned(path);
    return undefined;
  }
  const touching = setInterval(() => touch(path), touchMs);
  return () => {
    clearInterval(touching);
    if (ownerOf(path) === owner) rmSync(path, { force: true });
  };
}

/** Two starts may find the same abandoned lock. Each moves it to a name of its own, and one of them succeeds. */
function dropAbandoned(path) {
  const owner = ownerOf(path);
  if (owner === undefined || !isAbandoned(path)) return;
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    // The other start moved it first.
    return;
  }
  // Between the check and the move a third start may have put its own lock there: it is moved back.
  if (ownerOf(aside) === owner) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

function isAbandoned(path) {
  try {
    return Date.now() - statSync(path).mtimeMs > abandonedMs;
  } catch {
    return false;
  }
}

function isLocked(root) {
  return ownerOf(lockPath(root)) !== undefined && !isAbandoned(lockPath(root));
}

function lockPath(root) {
  return join(root, '.longshore-installing');
}

function ownerOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function touch(path) {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // The file is gone if another start believed this process dead; npm goes on all the same.
  }
}

async function runNpm(root) {
  process.stderr.write('Installing packages (about a minute, once) …\n');
  const began = Date.now();
  const progress = setInterval(
    () => process.stderr.write(`still installing, ${Math.round((Date.now() - began) / 1000)} s …\n`),
    progressMs,
  );
  // npm's own words go to stderr: another program may read what a script prints on stdout.
  const npm = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  const stop = () => npm.kill('SIGTERM');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  try {
    const code = await new Promise((resolve, reject) => npm.once('error', reject).once('exit', resolve));
    if (code !== 0)
      throw new Error(
        'npm ci failed: see above. Check that this machine reaches its npm registry, then run the same command again.',
      );
  } finally {
    clearInterval(progress);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, stop);
  }
}
