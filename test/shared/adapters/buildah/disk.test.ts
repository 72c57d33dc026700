import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { outputOf } from '../../../../shared/adapters/buildah/disk.ts';

describe('a command that is given up', () => {
  it.each([
    ['before it begins', 0],
    ['while it runs', 50],
  ])('%s ends nothing but itself, though its error may come when nobody waits for it', async (_, ms) => {
    const uncaught: unknown[] = [];
    const note = (error: unknown) => void uncaught.push(error);
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', note);
    try {
      const ended = new AbortController();
      if (ms === 0) ended.abort();
      const running = outputOf(['sleep', '60'], ended.signal);
      setTimeout(() => ended.abort(), ms);
      await expect(running).rejects.toThrow('aborted');
      await sleep(50);
    } finally {
      process.off('uncaughtException', note);
      for (const listener of before) process.on('uncaughtException', listener);
    }
    expect(uncaught).toEqual([]);
  });

  it('that cannot be started says so', async () => {
    await expect(outputOf(['there-is-no-such-program'], new AbortController().signal)).rejects.toThrow('ENOENT');
  });

  it('that ends by itself gives what it wrote', async () => {
    expect(await outputOf(['echo', 'seen'], new AbortController().signal)).toEqual({ text: 'seen\n', code: 0 });
  });
});
