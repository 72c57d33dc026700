import type { components } from '../../generated/api.d.ts';
import type { Context } from '../context.ts';
import { barOf } from '../context.ts';
import { Failure } from '../failure.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import { harmless, harmlessJson } from '../text/harmless.ts';
import { counted, shortDigest } from '../text/words.ts';
import type { Given } from '../verb.ts';

type Made = components['schemas']['BuildWithImages']['items'][number];

const pauseMs = 1_000;
const ended = ['succeeded', 'same', 'notified', 'failed', 'stopped'];

/** Prints each change of an image as a line, and on a terminal a bar below; it ends when the build has. */
export async function watch(context: Context, given: Given): Promise<void> {
  const { world, output } = context;
  const registry = await context.connect();
  const api = await registry.api;
  const path = { build: given.at(0) };
  const states = new Map<string, string>();
  for (;;) {
    const build = dataOf(await api.GET('/builds/{build}', { params: { path, query: { limit: 1 } } }));
    let [done, failed, total] = [0, 0, 0];
    for await (const made of itemsOf(registry, '/builds/{build}', { path, query: { limit: 100 } })) {
      total += 1;
      if (ended.includes(made.state)) done += 1;
      if (made.state === 'failed' || made.state === 'stopped') failed += 1;
      if (states.get(made.image) === made.state) continue;
      states.set(made.image, made.state);
      await context.progress('');
      await output.line(output.format === 'json' ? harmlessJson(made) : lineOf(made));
    }
    if (build.state === 'finished') {
      await context.progress('');
      if (failed > 0)
        throw new Failure(
          `${counted(failed, 'image')} failed or stopped: ${world.call} builds log ${path.build} IMAGE shows why, ` +
            `builds retry ${path.build} makes them again`,
        );
      return;
    }
    await context.progress(`${barOf(done, total)} ${build.state}`);
    await world.pause(pauseMs, world.interrupted);
  }
}

function lineOf({ image, state, digest, because }: Made): string {
  return harmless(
    [state.padEnd(9), image, shortDigest(digest), because ?? ''].filter((part) => part !== '').join('  '),
  );
}
