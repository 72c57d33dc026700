import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushOver } from '../local/stack/client.ts';
import { stateFolder, startRunningStack } from '../local/stack/running-stack.ts';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { makeImage } from '../shared/image.ts';
import { pullMs, rssOf } from './attack.ts';

let stack: RunningStack;
let state: Awaited<ReturnType<typeof stateFolder>>;

beforeAll(async () => {
  state = await stateFolder();
  stack = await startRunningStack(state.path);
  await pushOver(stack.url, 'team/app', '1', makeImage('latency'));
});

afterAll(async () => {
  await stack.stop();
  await state.remove();
});

/** The quietest of some windows: what else runs on the machine comes and goes, an attack stays. */
async function quietest(windows: number): Promise<number[]> {
  const all: number[][] = [];
  for (let each = 0; each < windows; each++) all.push(await pulls(2_000));
  return all.reduce((best, one) => (at(one, 0.99) < at(best, 0.99) ? one : best));
}

/** Milliseconds of pulls of a manifest by its tag, four at a time, at a pace that leaves the machine idle without an attack. */
async function pulls(forMs: number): Promise<number[]> {
  const took: number[] = [];
  const until = performance.now() + forMs;
  await Promise.all(Array.from({ length: 4 }, async () => {
    while (performance.now() < until) {
      took.push(await pullMs(stack.url, '/v2/team/app/manifests/1'));
      await delay(20);
    }
  }));
  return took.sort((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;

describe('a pull, while somebody attacks', () => {
  it.each(['a flood without credentials', 'stalled notifications', 'stalled uploads', 'large JSON'])('is not held up by %s, and memory comes back', { timeout: 120_000, retry: 2 }, async (kind) => {
    await pulls(1_000);
    const idle = await quietest(3);
    const before = rssOf(stack.pid);
    const attacker = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('attacker.ts', import.meta.url)), kind, stack.url], { stdio: 'ignore' });
    await delay(1_500);
    const attacked = await quietest(4);
    const during = rssOf(stack.pid);
    attacker.kill('SIGKILL');
    await once(attacker, 'exit');
    let after = rssOf(stack.pid);
    for (let waited = 0; waited < 60 && after - before > 150; waited += 2) {
      await delay(2_000);
      after = rssOf(stack.pid);
    }
    process.stdout.write(`${kind}: p50 ${at(idle, 0.5).toFixed(1)} -> ${at(attacked, 0.5).toFixed(1)} ms, p99 ${at(idle, 0.99).toFixed(1)} -> ${at(attacked, 0.99).toFixed(1)} ms; memory ${before.toFixed(0)} -> ${during.toFixed(0)} -> ${after.toFixed(0)} MiB\n`);
    // Three times is the goal. Attacker and test share two cores with the registry, and at some milliseconds a turn of theirs is more than that: hence a floor.
    expect(at(attacked, 0.99)).toBeLessThan(Math.max(3 * at(idle, 0.99), 250));
    expect(during - before).toBeLessThan(400);
    expect(after - before).toBeLessThan(200);
  });
});
