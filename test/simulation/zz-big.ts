import { caseOf } from './cases.ts';
import { runCase } from './run.ts';
const [from, count] = [Number(process.argv[2]), Number(process.argv[3])];
let bad = 0; const t = process.cpuUsage(); let turns = 0;
for (let s = from; s < from + count && bad < 8; s++) { try { turns += await runCase(caseOf(s)); } catch (e) { bad++; console.log(s, (e as Error).message.slice(0, 200)); } }
const u = process.cpuUsage(t); console.log('end', { count, bad, turns, cpuMs: (u.user + u.system) / 1000 });
