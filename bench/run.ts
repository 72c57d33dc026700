import type { Arguments, Command } from '../local/command-line.ts';
import { runCommand } from '../local/command-line.ts';
import type { Figure } from './compare.ts';
import { benchCosmos } from './cosmos.ts';
import { benchCounts } from './counts.ts';
import { benchEmulated } from './emulated.ts';
import { benchEventGrid } from './eventgrid.ts';
import { benchFunctionsHost } from './functions-host.ts';
import { benchGates } from './gates.ts';
import { benchHttp } from './http.ts';
import { benchEmulatedLists, benchLists } from './lists.ts';
import { benchMemory } from './memory.ts';
import { benchPartitions } from './partitions.ts';
import { benchPeer } from './peer.ts';
import { benchPush } from './push.ts';
import { benchStart } from './start.ts';
import { benchUsage } from './usage.ts';
import { benchWebhooks } from './webhooks.ts';

const benches: Record<string, () => Promise<Figure[]>> = {
  counts: benchCounts,
  http: benchHttp,
  'functions-host': benchFunctionsHost,
  peer: benchPeer,
  push: benchPush,
  partitions: benchPartitions,
  lists: benchLists,
  webhooks: benchWebhooks,
  emulated: benchEmulated,
  'emulated-lists': benchEmulatedLists,
  start: benchStart,
  memory: benchMemory,
  gates: benchGates,
  usage: benchUsage,
  cosmos: benchCosmos,
  eventgrid: benchEventGrid,
};
const names = Object.keys(benches).join(', ');
const command: Command = {
  call: 'npm run bench',
  does: 'Measures what requests cost and how fast they are on this machine (docs/performance.md).',
  takes: '[NAME…]',
  flags: {},
  notes: [`Without a name all are measured, one after the other: ${names}.`],
  example: 'npm run bench -- counts http',
};

function chosenBy({ positionals: chosen }: Arguments): readonly string[] {
  const unknown = chosen.filter((name) => !(name in benches));
  if (unknown.length > 0) throw new Error(`no such bench: ${unknown.join(', ')}; there are ${names}`);
  return chosen;
}

/** The benches run one after the other, so that none is measured beside another. */
async function run(chosen: readonly string[]): Promise<void> {
  for (const [name, bench] of Object.entries(benches)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    process.stderr.write(`measuring ${name} …\n`);
    const figures = await bench();
    const width = Math.max(...figures.map((figure) => figure.name.length));
    process.stdout.write(
      `\n${name}\n${figures.map((figure) => `  ${figure.name.padEnd(width)}  ${figure.value}`).join('\n')}\n`,
    );
  }
}

await runCommand(command, chosenBy, run);
