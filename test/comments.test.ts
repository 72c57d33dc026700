import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = dirname(import.meta.dirname);

/** The rooms whose comments are sentences. */
const rooms = [
  'bench',
  'bounds',
  'cli',
  'emulators',
  'functions',
  'host',
  'infra',
  'local',
  'portal',
  'shared',
  'test',
];
/** The path of this file, whose samples are comments that the check refuses. */
const itself = relative(root, import.meta.filename);

/** A comment that begins so is a relative clause without its noun, or half a sentence. */
const fragment = /^(?:What|How|Of|Whether|Where|Who|Whom|Whose|Whoever|Which|When|Likewise)\b/;
/** These words stand for another sentence, or for a reader who cannot be asked which one. */
const vague = /\b(?:likewise|whoever)\b/i;
/** A unit that is a sentence of its own. */
const loneUnit = /(?:^|[.:] )In (?:bytes|seconds|milliseconds|days|MiB)\.(?: |$)/;

interface Comment {
  readonly line: number;
  readonly text: string;
}

/** Returns the comments of a file: blocks, lines that follow each other, and those behind code. */
function commentsIn(source: string): Comment[] {
  const comments: Comment[] = [];
  const lines = source.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const [line, from] = [lines[at] ?? '', at];
    const parts: string[] = [];
    if (/^\s*\/\*\*/.test(line) && !line.includes('*/')) {
      while (at < lines.length && !(lines[at] ?? '').includes('*/')) parts.push(lines[at++] ?? '');
    } else if (/^\s*\/\//.test(line)) {
      parts.push(line);
      while (/^\s*\/\//.test(lines[at + 1] ?? '')) parts.push(lines[++at] ?? '');
    } else {
      const [, block, behind] = /\/\*\*(.*?)\*\/|;\s*\/\/(.*)$/.exec(line) ?? [];
      parts.push(block ?? behind ?? '');
    }
    const text = parts.map((part) => part.replace(/^\s*(?:\/\*\*|\*|\/\/)?\s*/, '').trim()).join(' ');
    if (text.trim() !== '') comments.push({ line: from + 1, text: text.trim() });
  }
  return comments;
}

function faultOf(text: string): string | undefined {
  if (fragment.test(text)) return 'begins with a clause without its noun';
  if (vague.test(text)) return 'says "likewise" or "whoever"';
  return loneUnit.test(text) ? 'has a unit as a sentence of its own' : undefined;
}

function faultsIn(path: string, source: string): string[] {
  return commentsIn(source).flatMap(({ line, text }) => {
    const fault = faultOf(text);
    return fault === undefined ? [] : [`${path}:${line} ${fault}: ${text.slice(0, 80)}`];
  });
}

describe('the comments', () => {
  it.each(rooms)('of %s are sentences with a subject and a verb', (room) => {
    const all = globSync(join(root, room, '**/*.{ts,tsx,mjs}')).map((file) => relative(root, file));
    const paths = all.filter((path) => path !== itself);
    expect(paths).not.toEqual([]);
    expect(paths.flatMap((path) => faultsIn(path, readFileSync(join(root, path), 'utf8')))).toEqual([]);
  });
});

describe('the check of comments', () => {
  it.each([
    ['/** What is shown. */', 'begins with a clause'],
    ['/**\n * Of all\n * its parts.\n */', 'begins with a clause'],
    ['const a = 1; // Whether it is one.', 'begins with a clause'],
    ['// Absent likewise.', 'says "likewise"'],
    ['  // Bytes go\n  // to whoever asks.', 'says "likewise" or "whoever"'],
    ['/** A body has so many. In bytes. */', 'has a unit'],
    ['  { /** Where it lies. */ readonly a: string }', 'begins with a clause'],
  ])('refuses %j', (source, fault) => {
    expect(faultsIn('file.ts', source)).toEqual([expect.stringContaining(fault)]);
  });

  it.each([
    '/** Returns the bytes that were read, in bytes. */',
    '// Nothing is kept: what comes later is dropped.',
    "const url = 'https://example.com/What';",
    '/**\n * Reads a body.\n * What follows it is kept.\n */',
  ])('accepts %j', (source) => {
    expect(faultsIn('file.ts', source)).toEqual([]);
  });
});
