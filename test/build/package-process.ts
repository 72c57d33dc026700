import { readFileSync } from 'node:fs';
import { startFunctionsHost } from '../../emulators/functions-host/start.ts';

// The built package in a folder, in the local Functions host, in a process of its own: its environment is the app's
// settings.
const dist = process.argv[2] ?? '';
const { main } = JSON.parse(readFileSync(`${dist}/package.json`, 'utf8')) as { main: string };

const host = await startFunctionsHost({
  load: async () => {
    await import(`${dist}/${main}`);
  },
  hostJson: JSON.parse(readFileSync(`${dist}/host.json`, 'utf8')),
  env: process.env,
  log: () => undefined,
});
process.send?.(host.url);
const stop = () => void host.stop().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('disconnect', stop);
