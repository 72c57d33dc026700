// Starts a host for the app named by the first argument and stops it. The process must then end by itself: a socket or
// a timer left behind would keep it alive. A start that fails is told on stderr, with exit code 1.
import { startFunctionsHost } from '../../../../emulators/functions-host/start.ts';

const [entry = '', settings = '{}'] = process.argv.slice(2);
try {
  const host = await startFunctionsHost({
    load: async () => {
      await import(entry);
    },
    hostJson: { version: '2.0' },
    env: JSON.parse(settings) as Record<string, string>,
    log: ({ message }) => process.stdout.write(`${message}\n`),
  });
  await fetch(`${host.url}/api/ping`);
  await host.stop();
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
