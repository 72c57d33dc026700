import { runCase } from './run.ts';
import type { Case } from './cases.ts';
const c = JSON.parse(process.argv[2] ?? '') as Case;
const names = new Map<string, string>();
const { manifests } = await import('./images.ts');
for (const m of manifests) names.set(m.digest, m.name);
const short = (x: unknown) => { let t = JSON.stringify(x) ?? ''; for (const [d, n] of names) t = t.replaceAll(d, n); return t.replace(/sha256:[0-9a-f]{56}/g, '…').slice(0, 700); };
try { await runCase(c, { change: (ch, w) => { console.log('  commit', w, ch.do, 'document' in ch ? ch.document.id : ch.id, 'ifMatch' in ch ? ch.ifMatch : ''); return ch; }, blind: (q) => { console.log('  query', short(q.where)); return false; } }); console.log('ok'); } catch (e) { console.log((e as Error).message); }
