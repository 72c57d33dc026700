import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { appSettings } from './stack/app-settings.ts';
import { requireFreePorts } from './stack/free-ports.ts';
import { runUntilSignalled } from './stack/program.ts';
import { startServicesProcess } from './stack/services-process.ts';
import { parseSettings, requestedHelp } from './stack/settings.ts';
import { stackKeys } from './stack/stack-keys.ts';
import { closeToOthers, lockState, openStateFolder } from './stack/state-folder.ts';

const help = requestedHelp('services', process.argv.slice(2));
if (help !== undefined) process.stdout.write(help);
else
  runUntilSignalled(async () => {
    const settings = parseSettings('services', process.argv.slice(2), process.env);
    const state = openStateFolder(settings.state);
    const lock = await lockState(state, 'stack', 0);
    closeToOthers(state);
    const keys = await stackKeys(state, settings.auth, (password) =>
      process.stderr.write(`the administrator is "admin" with the password ${password}: it is not shown again\n`),
    );
    await requireFreePorts({ ...settings, port: 0, functionsPort: 0 });
    const services = await startServicesProcess(settings, (line) => process.stderr.write(`${line}\n`));
    // This is where `func start` listens by default.
    services.setFunctionsUrl(`http://127.0.0.1:${settings.functionsPort}`);
    writeHostSettings(
      state.file('local.settings.json'),
      appSettings(services.endpoints, { keys, auth: settings.auth, logLevel: settings.logLevel }),
    );
    process.stdout.write(`${JSON.stringify(services.endpoints)}\n`);
    return {
      onFailure: (handle) => services.onFailure(handle),
      async stop() {
        await services.stop();
        lock.release();
      },
    };
  });

const sampleSchema = z.object({ IsEncrypted: z.boolean(), Values: z.record(z.string(), z.string()) });

/** Writes the settings for `func start`: the sample, with the addresses and the keys of these services. */
function writeHostSettings(path: string, own: Readonly<Record<string, string>>): void {
  const sample = sampleSchema.parse(
    JSON.parse(readFileSync(new URL('../local.settings.sample.json', import.meta.url), 'utf8')),
  );
  writeFileSync(path, `${JSON.stringify({ ...sample, Values: { ...sample.Values, ...own } }, undefined, 2)}\n`, {
    mode: 0o600,
  });
}
