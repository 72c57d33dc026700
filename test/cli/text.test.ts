import { describe, expect, it } from 'vitest';
import { harmless, harmlessJson, harmlessLines } from '../../cli/text/harmless.ts';
import { lineOf, widthsOf } from '../../cli/text/table.ts';
import { cut, widthOf } from '../../cli/text/width.ts';
import { bytesOf, shortDigest } from '../../cli/text/words.ts';

describe('text from outside', () => {
  it.each([
    ['an escape sequence', 'a\u001b[31mred\u001b[0m', String.raw`a\x1b[31mred\x1b[0m`],
    ['a title of the window', '\u001b]0;owned\u0007', String.raw`\x1b]0;owned\x07`],
    ['a sequence of one C1 character', '\u009b2J', String.raw`\x9b2J`],
    ['a link', '\u001b]8;;http://evil\u001b\\click', String.raw`\x1b]8;;http://evil\x1b\click`],
    ['a return that writes over the line', 'safe\revil', String.raw`safe\revil`],
    ['backspaces', 'abc\b\b\bxyz', String.raw`abc\x08\x08\x08xyz`],
    ['an override of direction', 'user\u202egpj.exe', String.raw`user\u202egpj.exe`],
    ['an isolate', '\u2066evil\u2069', String.raw`\u2066evil\u2069`],
    ['characters without a width', 'pay\u200bpal\ufeff', String.raw`pay\u200bpal\ufeff`],
    ['tags that nobody sees', 'a\u{e0041}b', String.raw`a\u{e0041}b`],
    ['other ends of lines', 'a\u2028b\u2029c\u0085d', String.raw`a\u2028b\u2029c\x85d`],
    ['half of a character', 'a\ud800b', String.raw`a\ud800b`],
    ['an end of a line in a cell', 'a\nb\tc', String.raw`a\nb\tc`],
  ])('has %s shown escaped', (_, text, shown) => {
    expect(harmless(text)).toBe(shown);
    expect(harmless(shown)).toBe(shown);
  });

  it('is left as it is where nothing acts', () => {
    for (const text of ['team/app:1.0', 'Größe 12 µs – naïve', '日本語', 'عربى', '👍', '\\n'])
      expect(harmless(text)).toBe(text);
  });

  it('keeps its lines in a log, and nothing else', () => {
    expect(harmlessLines('a\r\n\tb\u001b[2J\nc\r\n')).toBe('a\n\tb\\x1b[2J\nc\n');
  });

  it('is the same value in JSON, with nothing that acts on a terminal', () => {
    const value = { text: '\u001b[31m\u009b2J\u202e\u{e0041}\u007f\n' };
    const json = harmlessJson(value, 2);
    expect(JSON.parse(json)).toEqual(value);
    expect(json).toMatch(/^[\n -~]*$/);
  });
});

describe('a table', () => {
  const columns = [{ title: 'NAME', mayShrink: true }, { title: 'SIZE', isNumber: true }, { title: 'ID' }];
  const rows = [
    ['short', '1', 'a'.repeat(20)],
    ['x'.repeat(80), '12345', 'b'.repeat(20)],
  ];

  it('fits the width of the terminal, and cuts the column that may be cut', () => {
    for (const room of [40, 50, 80, 120]) {
      const widths = widthsOf(columns, rows, room);
      const lines = rows.map((row) => lineOf(columns, row, widths, { mayCut: true }));
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(room);
      expect(lines[1]).toContain('b'.repeat(20));
    }
  });

  it('is as wide as it must be where no terminal is', () => {
    const widths = widthsOf(columns, rows, undefined);
    expect(lineOf(columns, rows[1] ?? [], widths, { mayCut: false })).toBe(
      `${'x'.repeat(80)}  12345  ${'b'.repeat(20)}`,
    );
  });

  it('is whole in a pipe, also where a cell is wider than those by which the columns were made', () => {
    const widths = widthsOf(columns, rows.slice(0, 1), undefined);
    expect(lineOf(columns, rows[1] ?? [], widths, { mayCut: false })).toContain('x'.repeat(80));
    expect(lineOf(columns, rows[1] ?? [], widths, { mayCut: true })).toContain('…');
  });

  it('counts the columns of a letter as the terminal does', () => {
    expect(['a', '日本', 'é', 'e\u0301', '👍'].map(widthOf)).toEqual([1, 4, 1, 1, 2]);
    expect(widthOf(cut('日本語日本語', 6))).toBeLessThanOrEqual(6);
  });
});

describe('numbers', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KB'],
    [12_345_678, '12.3 MB'],
    [999_960, '1.0 MB'],
    [123_456_789_012, '123 GB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(bytesOf(bytes)).toBe(text);
  });

  it('a digest is known by its first digits', () => {
    expect(shortDigest(`sha256:${'0123456789abcdef'.repeat(4)}`)).toBe('sha256:0123456789ab');
  });
});
