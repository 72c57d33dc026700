import { describe, expect, it } from 'vitest';
import { visibleParts, visibleText } from '../../portal/src/kit/visible-text.ts';

describe('a string from outside', () => {
  it('is shown as it is when nothing in it acts', () => {
    const text = 'team/app:1.0 <script>alert(1)</script> Größe 日本語 עברית 👍🏽';
    expect(visibleParts(text)).toEqual([{ text }]);
  });

  it('has every mark of direction shown by its name, so that it is read in the order in which it is written', () => {
    expect(visibleParts('app\u202egnp.exe')).toEqual([{ text: 'app' }, { control: 'U+202E' }, { text: 'gnp.exe' }]);
    expect(visibleText('\u2066a\u2069')).toBe('⟨U+2066⟩a⟨U+2069⟩');
  });

  it.each([
    ['a control character', '\u0007', 'U+0007'],
    ['an escape of a terminal', '\u001b', 'U+001B'],
    ['a control of C1', '\u009b', 'U+009B'],
    ['a space without width', '\u200b', 'U+200B'],
    ['a byte order mark', '\ufeff', 'U+FEFF'],
    ['a separator of lines', '\u2028', 'U+2028'],
    ['a letter that is blank', '\u3164', 'U+3164'],
    ['a tag character', '\u{e0041}', 'U+E0041'],
  ])('has %s shown by its name', (_, character, control) => {
    expect(visibleParts(`a${character}b`)).toEqual([{ text: 'a' }, { control }, { text: 'b' }]);
  });

  it('keeps line ends and tabs where lines are shown, and nowhere else', () => {
    expect(visibleParts('a\r\n\tb', { hasLines: true })).toEqual([{ text: 'a\r\n\tb' }]);
    expect(visibleText('a\nb')).toBe('a⟨U+000A⟩b');
    // A carriage return alone would write over the line.
    expect(visibleParts('good\rbad', { hasLines: true })).toEqual([
      { text: 'good' },
      { control: 'U+000D' },
      { text: 'bad' },
    ]);
  });

  it('is nothing when it is empty', () => {
    expect(visibleParts('')).toEqual([]);
    expect(visibleText('')).toBe('');
  });
});
