import { runUntilSignalled } from './stack/program.ts';
import type { StackSettings } from './stack/settings.ts';
import { parseSettings, requestedHelp } from './stack/settings.ts';
import type { Stack } from './stack/stack.ts';
import { startStack } from './stack/stack.ts';

const help = requestedHelp('start', process.argv.slice(2));
if (help !== undefined) process.stdout.write(help);
else
  runUntilSignalled(async () => {
    const settings = parseSettings('start', process.argv.slice(2), process.env);
    const stack = await startStack(settings, (line) => process.stderr.write(`${line}\n`));
    announce(stack, settings);
    return stack;
  });

function announce(stack: Stack, settings: StackSettings): void {
  const { state } = settings;
  const daysAhead = Number(process.env.LONGSHORE_CLOCK_AHEAD_DAYS || 0);
  if (daysAhead > 0)
    process.stderr.write(
      `the app is ${daysAhead} days ahead of time (LONGSHORE_CLOCK_AHEAD_DAYS): receivers of webhooks that look ` +
        'at the timestamp refuse what it sends\n',
    );
  process.stderr.write(
    `the Functions host serves the same at ${stack.functionsUrl}; logs are in ${state}/longshore.log\n`,
  );
  for (const { name, host } of settings.registries) process.stderr.write(registryAt(stack, name, host));
  if (stack.others.length > 0) process.stderr.write(watching(stack, state));
  process.stdout.write([stack, ...stack.others].map(({ url }) => `ready ${url}\n`).join(''));
}

function registryAt(stack: Stack, name: string, host: string): string {
  const url = new URL(stack.url);
  url.hostname = host;
  return `the registry ${name} is at ${url.origin}\n`;
}

function watching({ url, functionsUrl, others }: Stack, state: string): string {
  return `regions: local at ${url}${others.map((region) => `, ${region.name} at ${region.url}`).join('')}
their Functions hosts: local at ${functionsUrl}${others.map((region) => `, ${region.name} at ${region.functionsUrl}`).join('')}
PUT ${url}/api/v1/replications/NAME adds a region; ${url}/api/v1/replication/status?repository=…&tag=… says where an image is
touch ${state}/NAME.down takes a region's storage down, until the file is removed\n`;
}
