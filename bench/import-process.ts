import { loadApplication } from '../emulators/functions-host/load-application.ts';

let ms = 0;
const { functions } = await loadApplication(
  async () => {
    const started = performance.now();
    await import(new URL('../dist/functions/index.js', import.meta.url).href);
    ms = performance.now() - started;
  },
  () => undefined,
);
if (functions.length === 0) throw new Error('the package registers nothing');
process.send?.(ms, () => process.exit());
