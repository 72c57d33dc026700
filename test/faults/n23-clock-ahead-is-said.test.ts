import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';

describe('a stack whose clock is ahead', () => {
  let folder: Awaited<ReturnType<typeof stateFolder>>;
  let stack: RunningStack | undefined;
  beforeAll(async () => {
    folder = await stateFolder();
  });
  afterAll(async () => {
    await stack?.stop();
    await folder.remove();
  });

  it('says so where it starts and in its log, and what receivers of webhooks will do', async () => {
    stack = await startRunningStack(folder.path, [], { LONGSHORE_CLOCK_AHEAD_DAYS: '40' });
    expect(stack.told()).toMatch(/40 days ahead .*LONGSHORE_CLOCK_AHEAD_DAYS.*webhook/s);
    await stack.stop();
    stack = undefined;
    expect(readFileSync(join(folder.path, 'longshore.log'), 'utf8')).toMatch(
      /"level":40.*"daysAhead":40.*the app.s clock is ahead/,
    );
  }, 60_000);

  it('says nothing of it when the clock is right', async () => {
    stack = await startRunningStack(folder.path);
    expect(stack.told()).not.toMatch(/ahead/);
  }, 60_000);

  it('is named by the pages of purge policies and webhooks', () => {
    const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
    expect(page('purge.md')).toMatch(/LONGSHORE_CLOCK_AHEAD_DAYS[^#]*webhook/);
    expect(page('webhooks.md')).toMatch(/LONGSHORE_CLOCK_AHEAD_DAYS/);
  });
});
