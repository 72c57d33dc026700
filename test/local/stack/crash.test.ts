import { afterEach, describe, expect, it } from 'vitest';
import type { TestImage } from '../../shared/image.ts';
import { makeImage } from '../../shared/image.ts';
import { pullOver, pushOver } from './client.ts';
import type { RunningStack } from './running-stack.ts';
import { startRunningStack, stateFolder } from './running-stack.ts';

let clean: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of clean.reverse()) await each();
  clean = [];
});

const pushers = 16;
/** The stack is killed once this many pushes were acknowledged, in the middle of the next ones. */
const enough = 40;

/** Pushes in parallel until the stack is killed. Gives what was answered with 201. */
async function pushUntil(stack: RunningStack, kill: () => Promise<void>): Promise<Map<string, TestImage>> {
  const acknowledged = new Map<string, TestImage>();
  let killed = false;
  let reached: () => void = () => undefined;
  const enoughPushed = new Promise<void>((resolve) => (reached = resolve));
  const pusher = async (id: number) => {
    for (let n = 0; !killed; n++) {
      const image = makeImage(`pusher ${id} push ${n}`, 2);
      const status = await pushOver(stack.url, `crash/app${id}`, `t${n}`, image).catch(() => 0);
      if (status === 201) acknowledged.set(`crash/app${id}:t${n}`, image);
      if (acknowledged.size >= enough) reached();
    }
  };
  const running = Promise.all(Array.from({ length: pushers }, (_, id) => pusher(id)));
  await enoughPushed;
  await kill();
  killed = true;
  await running;
  return acknowledged;
}

async function pullAll(stack: RunningStack, images: Map<string, TestImage>) {
  const answers = new Map<string, string>();
  for (const [name, image] of images) {
    const [repository = '', tag = ''] = name.split(':');
    answers.set(name, await pullOver(stack.url, repository, tag, image));
  }
  return answers;
}

async function crashed(kill: 'killOurs' | 'killAll') {
  const state = await stateFolder();
  clean.push(() => state.remove());
  const first = await startRunningStack(state.path);
  const acknowledged = await pushUntil(first, () => first[kill]());
  const second = await startRunningStack(state.path);
  clean.push(() => second.stop());
  return { acknowledged, second };
}

describe('kill -9 under 16 parallel pushes', () => {
  it('of our own processes loses no push that was answered with 201', async () => {
    const { acknowledged, second } = await crashed('killOurs');
    const answers = await pullAll(second, acknowledged);
    expect([...answers].filter(([, answer]) => answer !== 'whole')).toEqual([]);
  }, 120_000);

  it('of Azurite too is noticed: what Azurite lost is named, unknown, and healed by a push', async () => {
    const { acknowledged, second } = await crashed('killAll');
    expect(second.told()).toContain('the last run did not end normally');
    const answers = await pullAll(second, acknowledged);
    // Nothing is ever given back damaged, and what is gone was named.
    expect([...answers.values()].filter((answer) => answer === 'damaged')).toEqual([]);
    const unknown = [...answers].filter(([, answer]) => answer === 'unknown').map(([name]) => name);
    expect(unknown.length > 0).toBe(second.told().includes('Azurite has lost'));
    for (const name of unknown) {
      const image = acknowledged.get(name);
      const [repository = '', tag = ''] = name.split(':');
      if (image === undefined) throw new Error('not pushed');
      expect(await pushOver(second.url, repository, tag, image)).toBe(201);
      expect(await pullOver(second.url, repository, tag, image)).toBe('whole');
    }
  }, 120_000);
});
