import { requireNode } from '../shared/app/node-version.ts';

try {
  // The check comes before anything else is loaded, as in functions/index.ts.
  requireNode();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
await import('./serve.ts');
