import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startPackage } from '../test/build/running-package.ts';
import type { Figure } from './compare.ts';
import { median } from './compare.ts';

const rounds = 9;
const dist = fileURLToPath(new URL('../dist', import.meta.url));

const { Values: sample } = JSON.parse(
  readFileSync(new URL('../local.settings.sample.json', import.meta.url), 'utf8'),
) as { Values: Record<string, string> };
const storage =
  'DefaultEndpointsProtocol=http;AccountName=nobody;AccountKey=bm9ib2R5;' +
  'BlobEndpoint=http://127.0.0.1:1/nobody;QueueEndpoint=http://127.0.0.1:1/nobody;';
/** These stores never answer, for the first answer needs none. */
const nowhere = {
  ...sample,
  AzureWebJobsStorage: storage,
  BLOB_CONNECTION_STRING: storage,
  QUEUE_CONNECTION_STRING: storage,
  LONGSHORE_LOG_LEVEL: 'silent',
};

/**
 * Measures the start of the package of `npm run build`, from its import until its functions are registered, each time
 * in a new process.
 */
export async function benchStart(): Promise<Figure[]> {
  await promisify(execFile)(process.execPath, [fileURLToPath(new URL('../build.ts', import.meta.url))]);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const child = fork(new URL('import-process.ts', import.meta.url));
    const [ms] = (await once(child, 'message')) as [number];
    times.push(ms);
    await once(child, 'exit');
  }
  const answers: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const running = await startPackage(dist, nowhere);
    answers.push(running.firstAnswerMs);
    await running.kill();
  }
  return [
    { name: 'from the start of the process, Functions host included, to the first answer', value: figure(answers) },
    { name: 'from import to registered', value: figure(times) },
  ];
}

function figure(times: number[]): string {
  return `${median(times).toFixed(0)} ms (${times.map((ms) => ms.toFixed(0)).join(' ')})`;
}
