import { promises } from 'node:fs';
import type { PromiseFsClient } from 'isomorphic-git';
import type { PackLimits } from './pack.ts';
import { checkPack } from './pack.ts';

/**
 * Makes a file system for git's library that checks a pack. The library writes a fetched pack to a file before it
 * unpacks it: the pack is checked then. Each fetch needs a file system of its own.
 */
export function checkedFs(limits: PackLimits): PromiseFsClient {
  let checked: Promise<void> | undefined;
  return {
    promises: {
      ...promises,
      // A write that fails is tried a second time: the result of the check is kept.
      writeFile: async (path: string, bytes: Uint8Array, options: object) => {
        if (path.endsWith('.pack')) await (checked ??= checkPack(bytes, limits));
        return promises.writeFile(path, bytes, options);
      },
    },
  };
}
