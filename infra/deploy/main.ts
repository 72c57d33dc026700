import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { helpIn, usageOf } from '../../local/command-line.ts';
import type { Arguments } from './arguments.ts';
import { command, parseArguments } from './arguments.ts';
import { must } from './az.ts';
import { deploy } from './deploy.ts';
import { DeployFailure, runProgram } from './run.ts';
import { smokeTest } from './smoke.ts';
import { zipFolder } from './zip.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const folder = await mkdtemp(join(tmpdir(), 'longshore-deploy-'));

async function pack(): Promise<string> {
  await must(
    runProgram,
    process.execPath,
    [`${root}build.ts`, join(folder, 'dist')],
    'correct the code; no resource was changed',
  );
  await writeFile(
    join(folder, 'longshore.zip'),
    await zipFolder(join(folder, 'dist'), (path) => path.startsWith('host/')),
  );
  return join(folder, 'longshore.zip');
}

/**
 * Requires variables, because a deployment without the hash removes the user admin, and one without an image stops in
 * the middle: docs/deploy.md.
 */
async function requireVariables(parameters: string): Promise<void> {
  const text = await readFile(parameters, 'utf8').catch(() => {
    throw new DeployFailure(`--parameters: ${parameters} cannot be read`);
  });
  if (text.includes("'LONGSHORE_ADMIN_PASSWORD_HASH'") && process.env['LONGSHORE_ADMIN_PASSWORD_HASH'] === undefined)
    throw new DeployFailure(
      'LONGSHORE_ADMIN_PASSWORD_HASH is not set: without it there would be no user admin any ' +
        'more.\nNext: set it (npm run password makes one), or set it to an empty value if that is ' +
        'intended',
    );
  if (text.includes("'LONGSHORE_IMAGE'") && !process.env['LONGSHORE_IMAGE'])
    throw new DeployFailure(
      'LONGSHORE_IMAGE is not set: it names the container image that receives uploads.\nNext: build ' +
        'it (docs/container.md), push it to a registry that Container Apps can pull from, and set ' +
        "LONGSHORE_IMAGE to its name; or set dataPlane = 'functions' in the parameters, without an " +
        "image, which accepts no layer above a sixth of an instance's memory",
    );
}

async function run(wanted: Arguments): Promise<void> {
  await requireVariables(wanted.parameters);
  const wait = (ms: number) => pause(ms);
  const smoke = (origin: string) =>
    smokeTest(origin, { password: process.env['LONGSHORE_ADMIN_PASSWORD'], say, pause: wait });
  const loginServer = await deploy(wanted, { run: runProgram, pack, smoke, say, pause: wait });
  if (loginServer !== undefined) process.stdout.write(`${new URL(loginServer).host}\n`);
}

try {
  const args = process.argv.slice(2);
  const help = helpIn(command, args);
  if (help === undefined) await run(parseArguments(args));
  else process.stdout.write(help);
} catch (error) {
  say(
    error instanceof DeployFailure
      ? error.message
      : `${error instanceof Error ? error.message : String(error)}\n${usageOf(command)}`,
  );
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
