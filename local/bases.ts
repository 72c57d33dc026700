// npm run -s bases -- [--all-stages] [--target NAME] [--platform OS/ARCH] [--build-arg NAME=VALUE]… PATH…
// Prints one line of JSON for each Dockerfile: what images it needs. See docs/bases.md.
// Exit codes: 0, 1 where a Dockerfile cannot be read or is wrong, 2 where the command is.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type BaseRef, basesOf, type BasesOptions } from '../shared/core/dockerfile/bases.ts';

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

const usage =
  'usage: npm run -s bases -- [--all-stages] [--target NAME] [--platform OS/ARCH] [--build-arg NAME=VALUE]… PATH…';

function commandLine(): { readonly paths: readonly string[]; readonly options: BasesOptions } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'all-stages': { type: 'boolean' },
      target: { type: 'string' },
      platform: { type: 'string' },
      'build-arg': { type: 'string', multiple: true },
    },
  });
  if (positionals.length === 0) throw new Error('no Dockerfile is named');
  const args = Object.fromEntries(
    (values['build-arg'] ?? []).map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name, value.join('=')];
    }),
  );
  const { target, platform } = values;
  return {
    paths: positionals,
    options: {
      args,
      allStages: values['all-stages'] === true,
      ...(target === undefined ? {} : { target }),
      ...(platform === undefined ? {} : { platform }),
    },
  };
}

// A reader such as `head` has enough and goes: that is no failure of this program.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  const { paths, options } = commandLine();
  for (const path of paths) {
    const line = await lineOf(path, options);
    if (line.error !== undefined) process.exitCode = 1;
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 2;
}
