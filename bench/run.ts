import type { Figure } from './compare.ts';
import { benchCosmos } from './cosmos.ts';
import { benchCounts } from './counts.ts';
import { benchEmulated } from './emulated.ts';
import { benchEventGrid } from './eventgrid.ts';
import { benchFunctionsHost } from './functions-host.ts';
import { benchHttp } from './http.ts';
import { benchEmulatedLists, benchLists } from './lists.ts';
import { benchMemory } from './memory.ts';
import { benchPartitions } from './partitions.ts';
import { benchPeer } from './peer.ts';
import { benchPush } from './push.ts';
import { benchStart } from './start.ts';
import { benchUsage } from './usage.ts';
import { benchWebhooks } from './webhooks.ts';

// `npm run bench`: one after the other, so that none is measured beside another. Arguments choose some by name.
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
  usage: benchUsage,
  cosmos: benchCosmos,
  eventgrid: benchEventGrid,
};
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(`no such bench: ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}\n`);
  process.exit(1);
}
for (const [name, bench] of Object.entries(benches)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  process.stderr.write(`measuring ${name} …\n`);
  const figures = await bench();
  const width = Math.max(...figures.map((figure) => figure.name.length));
  process.stdout.write(
    `\n${name}\n${figures.map((figure) => `  ${figure.name.padEnd(width)}  ${figure.value}`).join('\n')}\n`,
  );
}
