import { describe, expect, it } from 'vitest';
import { harmless } from '../../cli/text/harmless.ts';
import { visibleText } from '../../portal/src/kit/visible-text.ts';

describe('the portal and the command', () => {
  it('take the same characters for ones that act', () => {
    const differing: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      const character = String.fromCodePoint(code);
      if ((harmless(`a${character}b`) === `a${character}b`) !== (visibleText(`a${character}b`) === `a${character}b`))
        differing.push(code.toString(16));
    }
    expect(differing).toEqual([]);
  });

  it('leave an emoji its selector of a variant, and nothing else one: a hidden text is made of those', () => {
    for (const shown of [harmless, visibleText]) {
      expect(shown('❤️ ✔︎')).toBe('❤️ ✔︎');
      expect(shown('v1\ufe0f.0')).not.toContain('\ufe0f');
      expect(shown('❤️\ufe0f')).not.toContain('\ufe0f\ufe0f');
      expect(shown('a\u{e0154}b')).not.toContain('\u{e0154}');
    }
  });
});
