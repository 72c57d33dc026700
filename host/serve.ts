import { compose } from '../shared/app/compose.ts';
import { parseConfig } from '../shared/app/config/config.ts';
import { startNodeHost } from './node-host.ts';
import { runUntilSignal } from './run.ts';
import { parseHostSettings } from './settings.ts';

// The container image runs this: the HTTP surfaces on plain Node, for the uploads that the Functions host would hold in
// memory.
await runUntilSignal(process, async () => {
  const settings = parseHostSettings(process.env);
  const longshore = compose(parseConfig(process.env));
  const host = await startNodeHost(longshore.app, { host: settings.host, port: settings.port });
  longshore.log.info({ url: host.url }, 'listening');
  return {
    async stop() {
      await host.stop(settings.drainMs);
      await longshore.flush();
      await longshore.dispose();
    },
  };
});
