import { caseOf, runCase } from './run.ts';
let turns = 0; const t = process.cpuUsage();
for (let s = 1; s <= 150; s++) turns += await runCase(caseOf(s));
const u = process.cpuUsage(t); console.log({ turns, cpuMs: (u.user + u.system) / 1000 });
