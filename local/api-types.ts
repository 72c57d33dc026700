import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { composeForTest } from '../shared/app/compose-for-test.ts';

/** The portal and the command import their types of the API from here. Nothing of it is committed. */
const place = fileURLToPath(new URL('../generated/api.d.ts', import.meta.url));

const head = '// Made of /api/v1/openapi.json by local/api-types.ts before each type check.\n';

/**
 * Writes the types of the API's own OpenAPI document. A file that says the same already is left as it is, so that
 * editors do not read it again.
 */
export async function writeApiTypes(): Promise<void> {
  const answer = await composeForTest().app.fetch(new Request('http://registry.example/api/v1/openapi.json'));
  const types = head + astToString(await openapiTypescript((await answer.json()) as never));
  const before = await readFile(place, 'utf8').catch(() => undefined);
  if (types === before) return;
  await mkdir(fileURLToPath(new URL('../generated', import.meta.url)), { recursive: true });
  const unfinished = `${place}.${process.pid}`;
  await writeFile(unfinished, types);
  await rename(unfinished, place);
}
