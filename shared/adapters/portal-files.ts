import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lazily } from '../core/documents/once.ts';
import type { PortalFiles, ReadPortal } from '../core/ports/portal.ts';

/** The build writes this list last, so that a folder that has it is whole. */
const listName = 'files.json';

/**
 * Reads the portal from beside this program. In the package that is the folder `portal` next to the one of the bundle,
 * whose parts may lie a folder deeper; in a checkout it is `dist/portal`.
 */
export function portalFiles(from: string = dirname(fileURLToPath(import.meta.url))): ReadPortal {
  return lazily(() => read(from));
}

async function read(from: string): Promise<PortalFiles> {
  const folder = folderAbove(from);
  if (folder === undefined) return undefined;
  const { files } = JSON.parse(await readFile(join(folder, listName), 'utf8')) as { files: string[] };
  const entries = files.map(async (path) => {
    const [bytes, gz, br] = await Promise.all(['', '.gz', '.br'].map((form) => readFile(join(folder, path + form))));
    if (bytes === undefined || gz === undefined || br === undefined) throw new Error(`${path} is not whole`);
    return [path, { bytes, gz, br }] as const;
  });
  return new Map(await Promise.all(entries));
}

function folderAbove(from: string): string | undefined {
  const above = [from, dirname(from), dirname(dirname(from))];
  return above
    .flatMap((folder) => [join(folder, 'portal'), join(folder, 'dist', 'portal')])
    .find((folder) => existsSync(join(folder, listName)));
}
