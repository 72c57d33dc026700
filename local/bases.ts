import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type BaseRef, basesOf, type BasesOptions } from '../shared/core/dockerfile/bases.ts';
import type { Arguments, Command } from './command-line.ts';
import { runCommand } from './command-line.ts';

const command: Command = {
  call: 'npm run -s bases',
  does: 'Prints one line of JSON for each Dockerfile: the images that it needs (docs/bases.md).',
  takes: 'PATH…',
  flags: {
    'all-stages': { says: 'includes stages that the target does not need' },
    target: { value: 'NAME', says: 'the stage to build; absent, the last one' },
    platform: { value: 'OS/ARCH', says: 'the platform to build for (linux/amd64)' },
    'build-arg': { value: 'NAME=VALUE', isRepeatable: true, says: 'sets an ARG of the Dockerfile' },
  },
  notes: ['The exit code is 0, 1 if a Dockerfile cannot be read or is wrong, and 2 if the command is wrong.'],
  example: 'npm run -s bases -- --build-arg NODE=24 Dockerfile',
};

const valuesSchema = z.object({
  'all-stages': z.boolean().optional(),
  target: z.string().optional(),
  platform: z.string().optional(),
  'build-arg': z.array(z.string()).default([]),
});

/** Each image and the platforms that it is needed for. */
function byName(refs: readonly BaseRef[]): Record<string, string[]> {
  const platforms = new Map<string, Set<string>>();
  for (const { name, platform } of refs) platforms.set(name, (platforms.get(name) ?? new Set()).add(platform));
  return Object.fromEntries(
    [...platforms].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, each]) => [name, [...each].sort()]),
  );
}

async function lineOf(
  file: string,
  options: BasesOptions,
): Promise<{ readonly file: string; readonly error?: string; readonly [rest: string]: unknown }> {
  try {
    const { refs, ...rest } = basesOf(await readFile(file, 'utf8'), options);
    const syntax = rest.syntax === undefined ? {} : { syntax: rest.syntax };
    return {
      file,
      all_stages: options.allStages === true,
      ...syntax,
      refs: byName(refs),
      ...('error' in rest ? { error: rest.error.message, line: rest.error.line } : { stages: rest.stages }),
    };
  } catch (error) {
    return {
      file,
      all_stages: options.allStages === true,
      refs: {},
      error: `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

function wantedBy({ values: given, positionals }: Arguments): {
  readonly paths: readonly string[];
  readonly options: BasesOptions;
} {
  const values = valuesSchema.parse(given);
  if (positionals.length === 0) throw new Error('the path of a Dockerfile is missing');
  const buildArgs = Object.fromEntries(
    values['build-arg'].map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name, value.join('=')];
    }),
  );
  const { target, platform } = values;
  return {
    paths: positionals,
    options: {
      args: buildArgs,
      allStages: values['all-stages'] === true,
      ...(target === undefined ? {} : { target }),
      ...(platform === undefined ? {} : { platform }),
    },
  };
}

// A reader such as `head` closes the pipe when it has enough: that is no failure of this program.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

async function print({ paths, options }: ReturnType<typeof wantedBy>): Promise<void> {
  for (const path of paths) {
    const line = await lineOf(path, options);
    if (line.error !== undefined) process.exitCode = 1;
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}

await runCommand(command, wantedBy, print);
