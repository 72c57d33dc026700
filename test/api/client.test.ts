import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { folder, writeDocument } from './document.ts';

const program = join(import.meta.dirname, 'program');

/** It is compiled here, with the types that are made here: so the compiler of everything else does not see it. */
const { useTheClient } = (await import(pathToFileURL(join(program, 'program.ts')).href)) as {
  useTheClient: (send: (request: Request) => Promise<Response>) => Promise<object>;
};

beforeAll(async () => {
  const types = await openapiTS(pathToFileURL(await writeDocument()), { defaultNonNullable: false });
  writeFileSync(join(folder, 'api.d.ts'), astToString(types));
}, 120_000);

/** The errors of the compiler in one file, each by its line. */
function errorsOf(name: string): string[] {
  const path = join(program, 'tsconfig.json');
  const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, program);
  const file = join(program, name);
  const compiled = ts.createProgram([file], options);
  return ts.getPreEmitDiagnostics(compiled, compiled.getSourceFile(file)).map((each) => {
    const { line = 0 } = each.file?.getLineAndCharacterOfPosition(each.start ?? 0) ?? {};
    return `${line + 1}: ${ts.flattenDiagnosticMessageText(each.messageText, ' ')}`;
  });
}

describe('a client that is generated from the document', () => {
  it('is compiled with the program that uses it, and refuses what the API does not have', () => {
    expect(errorsOf('program.ts')).toEqual([]);
    expect(errorsOf('wrong.ts').map((error) => error.split(':')[0])).toEqual(['6', '7', '8']);
  }, 120_000);

  it('does with the app what its types say', async () => {
    const { app } = composeForTest();
    expect(await useTheClient(async (request) => app.fetch(request))).toEqual({
      statuses: [201, 201, 201, 200, 404],
      passwords: 2,
      enabled: false,
      names: ['readers'],
      isMissing: true,
    });
  });
});
