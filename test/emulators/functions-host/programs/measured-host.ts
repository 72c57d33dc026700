// Runs the HTTP test app and tells its parent the URL, and on any message how much memory it has (`rss`) and had at
// most (`peak`), in bytes. The client of the measurement must not share this process.
import { startFunctionsHost } from '../../../../emulators/functions-host/start.ts';

const host = await startFunctionsHost({
  load: async () => {
    await import('../apps/http-stream.ts');
  },
  hostJson: { version: '2.0', extensions: { http: { routePrefix: '' } } },
  env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: String(8 * 1024 ** 3) },
  log: () => undefined,
});
process.send?.({ url: host.url });
process.on('message', () =>
  process.send?.({ rss: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1024 }),
);
process.on('disconnect', () => process.exit());
