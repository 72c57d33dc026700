import type { Context } from '../context.ts';
import { usageFailure } from '../failure.ts';
import { nameOfImage, parseImage } from '../registry/address.ts';
import { writeStream } from '../registry/stream.ts';
import type { Given } from '../verb.ts';

/** Prints a build's log while it arrives. What a build printed is text from outside, and must not act on the terminal. */
export async function log({ connect, world, output }: Context, given: Given): Promise<void> {
  if (output.format !== 'table') throw usageFailure('a log has no other format than its lines: leave out --output');
  const image = parseImage(given.at(1));
  const registry = await connect(image);
  const isFollowed = given.has('follow');
  const query = new URLSearchParams({ image: nameOfImage(image), ...(isFollowed ? { follow: '1' } : {}) });
  const url = new URL(`/api/v1/builds/${encodeURIComponent(given.at(0))}/log?${query.toString()}`, registry.origin);
  await writeStream(world, await registry.send(new Request(url), isFollowed), 'harmless');
}
