import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const program = join(import.meta.dirname, '../../bench/run.ts');

it('a bench is loaded without a test runner, and one that is not there is named beside those that are', async () => {
  const run = promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', program, 'nothing']);
  await expect(run).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^no such bench: nothing; there are counts, .*functions-host/) as string,
  });
});
