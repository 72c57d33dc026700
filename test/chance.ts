import { beforeEach } from 'vitest';
import { setUsualChance } from '../shared/adapters/memory/chance.ts';

/** To see a failure again: CHANCE_SEED=… with the same test file. */
const seed = Number(process.env.CHANCE_SEED ?? Math.floor(Math.random() * 2 ** 31));
let connections = 0;

setUsualChance(() => ({ seed: seed + (connections += 1), emptyPages: Number(process.env.CHANCE_EMPTY_PAGES ?? 0.3), lostEtags: Number(process.env.CHANCE_LOST_ETAGS ?? 0) }));

beforeEach(({ onTestFailed }) => {
  connections = 0;
  const explain = () => {
    if (connections > 0) console.error(`Memory's stores drew their empty pages and lost answers from CHANCE_SEED=${seed}.`);
  };
  onTestFailed(explain);
});
