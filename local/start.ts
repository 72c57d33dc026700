import { parseSettings } from './stack/settings.ts';
import { startStack } from './stack/stack.ts';
import type { Stack } from './stack/stack.ts';
import { runUntilSignalled } from './stack/program.ts';

runUntilSignalled(async () => {
  const settings = parseSettings('start', process.argv.slice(2), process.env);
  const stack = await startStack(settings, (line) => process.stderr.write(`${line}\n`));
  announce(stack, settings.state);
  return stack;
});

function announce(stack: Stack, state: string): void {
  process.stderr.write(`the Functions host serves the same at ${stack.functionsUrl}; logs are in ${state}/longshore.log\n`);
  process.stdout.write(`ready ${stack.url}\n`);
}
