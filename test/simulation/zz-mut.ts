import { firstFailure } from './run.ts';
import { mutations } from './mutations.ts';
const only = process.argv[2];
for (const [name, mutation] of Object.entries(mutations)) {
  if (only !== undefined && !name.includes(only)) continue;
  const t = process.cpuUsage();
  const failure = await firstFailure(Array.from({ length: 1500 }, (_, i) => i + 1), mutation);
  const u = process.cpuUsage(t);
  console.log(name, '=>', failure === undefined ? 'NOT FOUND' : `seed ${failure.case.seed}: ${failure.message.slice(0, 160)}`, Math.round((u.user + u.system) / 1000), 'ms');
}
