import { describe, expect, it } from 'vitest';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';

describe('the stack on a machine that does nothing else', () => {
  it('is ready within 6 seconds when it starts again', async () => {
    const state = await stateFolder();
    await (await startRunningStack(state.path)).stop();
    const second = await startRunningStack(state.path);
    await second.stop();
    await state.remove();
    process.stdout.write(`second start: ${Math.round(second.startMs)} ms\n`);
    expect(second.startMs).toBeLessThan(6_000);
  });
});
