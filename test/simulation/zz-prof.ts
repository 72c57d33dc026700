import { caseOf } from './cases.ts';
import { runCase } from './run.ts';
let turns = 0; const t = process.cpuUsage();
for (let s = 1; s <= 600; s++) try { turns += await runCase(caseOf(s)); } catch (e) { console.log(s, e.message); }
const u = process.cpuUsage(t); console.log({ turns, cpuMs: (u.user + u.system) / 1000 });
