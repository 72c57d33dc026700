import { promises } from 'node:fs';
import type { PromiseFsClient } from 'isomorphic-git';
import type { PackLimits } from './pack.ts';
import { checkPack } from './pack.ts';

/**
 * The library writes a fetched pack to a file before it unpacks it: here the pack is looked at first. One for each
 * fetch.
 */
export function checkedFs(limits: PackLimits): PromiseFsClient {
  let checked: Promise<void> | undefined;
  return {
    promises: {
      ...promises,
      // A write that fails is tried a second time: what was found is kept.
      writeFile: async (path: string, bytes: Uint8Array, options: object) => {
        if (path.endsWith('.pack')) await (checked ??= checkPack(bytes, limits));
        return promises.writeFile(path, bytes, options);
      },
    },
  };
}
