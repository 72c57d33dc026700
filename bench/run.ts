import { benchCosmos } from './cosmos.ts';
import { benchEventGrid } from './eventgrid.ts';
import { benchHttp } from './http.ts';
import { benchLists } from './lists.ts';
import { benchPeer } from './peer.ts';
import { benchPush } from './push.ts';
import { benchWebhooks } from './webhooks.ts';

/** One figure, as it is printed. */
interface Figure {
  readonly name: string;
  readonly value: string;
}

// `npm run bench`: one after the other, so that none is measured beside another. Arguments choose some by name.
const benches: Record<string, () => Promise<Figure[]>> = { cosmos: benchCosmos, eventgrid: benchEventGrid, http: benchHttp, peer: benchPeer, push: benchPush, lists: benchLists, webhooks: benchWebhooks };
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
  process.stdout.write(`\n${name}\n${figures.map((figure) => `  ${figure.name.padEnd(width)}  ${figure.value}`).join('\n')}\n`);
}
