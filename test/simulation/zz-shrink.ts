import { caseOf } from './cases.ts';
import { failureOf, shrunk } from './run.ts';
const f = await failureOf(caseOf(Number(process.argv[2])));
if (f) { const s = await shrunk(f); console.log(JSON.stringify(s.case), s.message.slice(0, 1500)); } else console.log('ok');
