import { describe, expect, it } from 'vitest';
import type { LogLines } from '../../portal/src/pages/build/log-lines.ts';
import { appended, noLines, shown } from '../../portal/src/pages/build/log-lines.ts';

const textOf = ({ blocks, rest }: LogLines) => blocks.map(({ text }) => text).join('') + rest;
const countIn = ({ blocks }: LogLines) => blocks.reduce((sum, { lines }) => sum + lines, 0);
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join('');

describe('the lines of a log', () => {
  it('are the text that was appended, in whatever parts it came', () => {
    const text = 'one\ntwo\n\nthree, not ended';
    for (let size = 1; size < text.length; size++) {
      let lines = noLines;
      for (let from = 0; from < text.length; from += size) lines = appended(lines, text.slice(from, from + size));
      expect(textOf(lines)).toBe(text);
    }
  });

  it('are no more than two thousand and some, and say how many went', () => {
    let lines = noLines;
    for (let from = 0; from < 20_000; from += 10) lines = appended(lines, numbered(from, from + 10));
    expect(countIn(lines)).toBeLessThanOrEqual(2_000);
    expect(countIn(lines)).toBeGreaterThan(1_700);
    expect(lines.dropped + countIn(lines)).toBe(20_000);
    expect(textOf(lines).endsWith('line 19999\n')).toBe(true);
    expect(lines.blocks.length).toBeLessThan(25);
  });

  it('are as few when all come at once', () => {
    const lines = appended(noLines, numbered(0, 50_000));
    expect(countIn(lines)).toBeLessThanOrEqual(2_000);
    expect(lines.dropped + countIn(lines)).toBe(50_000);
  });

  it('leave what is drawn as it is when more comes', () => {
    const before = appended(noLines, numbered(0, 400));
    const after = appended(before, numbered(400, 410));
    expect(after.blocks.slice(0, 2)).toEqual(before.blocks);
    expect(after.blocks[0]).toBe(before.blocks[0]);
    expect(new Set(after.blocks.map(({ number }) => number)).size).toBe(after.blocks.length);
  });

  it('show of a progress bar what a terminal would', () => {
    const text = '10%\r50%\r100%\r\ndone\r\n';
    for (let size = 1; size <= text.length; size++) {
      let lines = noLines;
      for (let from = 0; from < text.length; from += size) lines = appended(lines, text.slice(from, from + size));
      expect(textOf(lines)).toBe('100%\ndone\n');
    }
    expect(shown(appended(noLines, '10%\r50%').rest)).toBe('50%');
  });

  it('are cut where one has no end', () => {
    let lines = noLines;
    for (let part = 0; part < 5_000; part++) lines = appended(lines, 'x'.repeat(4_000));
    expect(lines.rest.length).toBeLessThanOrEqual(4_000);
    expect(countIn(lines)).toBeLessThanOrEqual(2_000);
  });
});
