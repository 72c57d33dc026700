import { randomUUID } from 'node:crypto';
import { composeForTest } from '../shared/app/compose-for-test.ts';
import { makeImage, pushImage, putManifest } from '../test/shared/image.ts';
import type { Figure, Side } from './compare.ts';
import { interleave, rateOf, ratio, told } from './compare.ts';
import { anotherOf } from './images.ts';

const roundMs = 1_500;
const inFlight = 16;

/** Measures pushes of manifests over memory, without a socket: only their partitions differ. */
export async function benchPartitions(): Promise<Figure[]> {
  const { app } = composeForTest();
  const image = makeImage('shared', 1);
  const repositories = Array.from({ length: inFlight }, (_, index) => `bench/many-${index}`);
  for (const repository of repositories) await pushImage(app, repository, 'first', image);
  const push = async (repository: string) => {
    const pushed = await putManifest(app, repository, `tag-${randomUUID()}`, anotherOf(image));
    if (pushed.status !== 201) throw new Error(`PUT manifest ${pushed.status}`);
  };
  const into = (name: string, choice: readonly string[]): Side => ({
    name,
    unit: '/s',
    measure: () => rateOf(inFlight, roundMs, (n) => push(choice[n % choice.length] ?? '')),
  });
  const measured = await interleave(
    [into('pushes into one repository', repositories.slice(0, 1)), into(`into ${inFlight}`, repositories)],
    9,
  );
  return [...measured.map(told), ratio(measured[0], measured[1])];
}
