import { posix } from 'node:path';
import { DockerfileFault } from './fault.ts';
import type { Copy } from './instructions.ts';
import { checkMode } from './mode.ts';
import { isDigest } from './reference.ts';
import { type GitSource, gitSource, isWebSource } from './remote.ts';

/**
 * Refuses paths of Windows images that leave the system's drive. Other systems have no drives. @throws DockerfileFault
 */
function checkDrive(path: string, os: string): void {
  if (os !== 'windows') return;
  if (/^.:$/.test(path))
    throw new DockerfileFault(`removing drive letter: No relative path specified in ${JSON.stringify(path)}`);
  if (/^[\\/]{2}/.test(path)) throw new DockerfileFault('removing drive letter: UNC paths are not supported');
  if (path.includes(':') && !/^c:/i.test(path))
    throw new DockerfileFault('removing drive letter: The specified path is not on the system drive (C:)');
}

/** Joins the path of a WORKDIR to that of the WORKDIR before it. @throws DockerfileFault */
export function nextWorkdir(current: string, path: string, os: string): string {
  checkDrive(path, os);
  const slashed = os === 'windows' ? path.replaceAll('\\', '/').replace(/^[cC]:/, '') : path;
  if (slashed === '') return current;
  return slashed.startsWith('/') ? slashed : posix.join(current, slashed);
}

function checkGit(git: GitSource, copy: Copy): void {
  if (copy.kind === 'copy') throw new DockerfileFault("source can't be a git ref for COPY");
  if (copy.keepGitDir !== undefined && git.keepGitDir !== undefined && copy.keepGitDir !== git.keepGitDir)
    throw new DockerfileFault('inconsistent keep-git-dir configuration');
  if (copy.checksum !== '' && git.checksum !== undefined && copy.checksum !== git.checksum) {
    throw new DockerfileFault(`checksum mismatch ${JSON.stringify(copy.checksum)} != ${JSON.stringify(git.checksum)}`);
  }
}

function checkSource(source: string, copy: Copy, os: string): void {
  const git = gitSource(source);
  if (git !== undefined) checkGit(git, copy);
  else if (!isWebSource(source)) checkDrive(source, os);
  else if (copy.kind === 'copy') throw new DockerfileFault("source can't be a URL for COPY");
  else if (copy.checksum !== '' && !isDigest(copy.checksum))
    throw new DockerfileFault('invalid checksum digest format');
}

/** Refuses what BuildKit refuses of COPY and ADD once everything is expanded. @throws DockerfileFault */
export function checkCopy(copy: Copy, os: string): void {
  checkDrive(copy.destination, os);
  checkMode(copy.chmod);
  const [first = ''] = copy.sources;
  if (copy.checksum !== '') {
    if (copy.sources.length !== 1) throw new DockerfileFault("checksum can't be specified for multiple sources");
    if (!isWebSource(first) && gitSource(first) === undefined)
      throw new DockerfileFault('checksum requires HTTP(S) or Git sources');
  }
  for (const source of copy.sources) checkSource(source, copy, os);
}
