import { requireFreePorts } from './stack/free-ports.ts';
import { runUntilSignalled } from './stack/program.ts';
import { startServicesProcess } from './stack/services-process.ts';
import { helpAsked, parseSettings } from './stack/settings.ts';
import { lockState, openStateFolder } from './stack/state-folder.ts';

const help = helpAsked('services', process.argv.slice(2));
if (help !== undefined) process.stdout.write(help);
else runUntilSignalled(async () => {
  const settings = parseSettings('services', process.argv.slice(2), process.env);
  const lock = await lockState(openStateFolder(settings.state), 'stack', 0);
  await requireFreePorts({ ...settings, port: 0, functionsPort: 0 });
  const services = await startServicesProcess(settings, (line) => process.stderr.write(`${line}\n`));
  // Where `func start` listens by default.
  services.tellFunctionsUrl(`http://127.0.0.1:${settings.functionsPort}`);
  process.stdout.write(`${JSON.stringify(services.endpoints)}\n`);
  return {
    onFailure: (handle) => services.onFailure(handle),
    async stop() {
      await services.stop();
      lock.release();
    },
  };
});
