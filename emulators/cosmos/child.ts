import type { CosmosEmulatorOptions } from './emulator.ts';
import { startCosmosEmulator } from './emulator.ts';

/**
 * The emulator as a process of its own: options as JSON in the first argument, one line of JSON on stdout with the
 * endpoints when it can be used. It stops on SIGINT and SIGTERM, and when the process that started it lets go of stdin.
 */
const options = JSON.parse(process.argv[2] ?? '{}') as CosmosEmulatorOptions;
const emulator = await startCosmosEmulator(options);

const end = (): void => {
  void emulator.stop().then(() => process.exit(0));
};
process.once('SIGINT', end);
process.once('SIGTERM', end);
process.stdin.once('end', end).resume();
const { endpoint, readEndpoints, key } = emulator;
process.stdout.write(`${JSON.stringify({ endpoint, readEndpoints, key })}\n`);
