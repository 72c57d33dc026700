import { harmlessLines } from '../text/harmless.ts';
import type { World } from '../world.ts';

/** The longest line that is waited for: one without an end must not fill the memory. */
const longestLine = 65_536;

/**
 * Writes the text of an answer while it arrives. What a build printed is text from outside: with `harmless` nothing in
 * it acts on the terminal. With `exact` it is written as it came, for a file.
 */
export async function writeStream(world: World, response: Response, as: 'harmless' | 'exact'): Promise<void> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: as === 'exact' });
  const shown = as === 'exact' ? (text: string) => text : harmlessLines;
  let rest = '';
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) await world.out.write(shown(`${lines.join('\n')}\n`));
    if (rest.length <= longestLine) continue;
    await world.out.write(shown(rest));
    rest = '';
  }
  rest += decoder.decode();
  if (rest !== '') await world.out.write(as === 'exact' ? rest : `${shown(rest)}\n`);
}
