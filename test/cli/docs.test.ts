import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verbsIn } from '../../cli/help.ts';
import { root } from '../../cli/verbs/all.ts';
import { userOf } from './run.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8');
const section = (title: string) => page.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';

/** The texts between backticks in the table of verbs. */
const named = section('Verbs')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| to |'))
  .flatMap((line) => [...line.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text));

describe('docs/cli.md', () => {
  it('names every verb in its table, and none that there is not', () => {
    const verbs = verbsIn(root.verbs ?? []).map(({ words }) => words.join(' '));
    const isNamed = (verb: string) => named.some((text) => `${text} `.startsWith(`${verb} `));
    // They have their own sections on the page.
    const elsewhere = ['login', 'logout', 'completion'];
    expect(verbs.filter((verb) => !isNamed(verb) && !elsewhere.includes(verb))).toEqual([]);
    expect(named.filter((text) => !verbs.some((verb) => `${text} `.startsWith(`${verb} `)))).toEqual([]);
  });

  it('has examples of its shells that are typed right', async () => {
    const examples = [...page.matchAll(/^longshore (.*)$/gm)].map(
      ([, text = '']) => text.split(/ (?:[<>|#]|>>)/)[0]?.trim() ?? '',
    );
    expect(examples.length).toBeGreaterThan(3);
    const user = await userOf(undefined);
    for (const example of examples) {
      const { code, requests } = await user.run([...example.split(/ +/), '--help']);
      expect([example, code, requests]).toEqual([example, 0, []]);
    }
    await user.remove();
  });
});
