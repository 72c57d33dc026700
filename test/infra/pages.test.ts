import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { wrapPage } from '../../infra/pages/wrap.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root });
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');

/** As GitHub makes it of a heading. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('the pages', () => {
  it.each(pages.filter((page) => page !== 'CHANGELOG.md' && !/^docs\/(scale\.md|reference\/)/.test(page)))(
    '%s is wrapped at 120 columns (npm run -s pages)',
    (page) => {
      expect(wrapPage(textOf(page))).toBe(textOf(page));
    },
  );

  it.each(pages)('%s links to pages and headings that are there', (page) => {
    // Text in code is no link.
    const text = textOf(page).replace(/`[^`\n]*`/g, '');
    const broken = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(
      ([link, path = '', anchor]) => {
        const target = path === '' ? page : join(dirname(page), path);
        if (!existsSync(join(root, target))) return [link];
        return anchor !== undefined && !anchorsOf(textOf(target)).includes(anchor) ? [link] : [];
      },
    );
    expect(broken).toEqual([]);
  });

  it.each(['CONTRIBUTING.md', 'docs/architecture.md'])(
    '%s names files and folders of the code that are there',
    (page) => {
      const code = /`((?:shared|functions|host|local|emulators|infra|test)\/[\w./-]+)`/g;
      const named = [...textOf(page).matchAll(code)].map(([, path = '']) => path);
      expect(named.length).toBeGreaterThan(20);
      // The feature of the recipe is there as a test alone.
      const absent = named.filter((path) => !existsSync(join(root, path)) && !/\/last-push|NAME/.test(path));
      expect(absent).toEqual([]);
    },
  );

  it('are all in the index of docs, or lead to one that is', () => {
    const index = textOf('docs/README.md');
    const missing = pages.filter(
      (page) =>
        page.startsWith('docs/') &&
        page !== 'docs/README.md' &&
        !page.startsWith('docs/decisions/') &&
        !index.includes(`(${page.slice('docs/'.length)})`),
    );
    expect(missing).toEqual([]);
  });

  it('name costs in README that docs/scale.md and docs/operations.md have', () => {
    const rows = [
      ...textOf('README.md').matchAll(/^\| (a team|a company|three regions) \| (.*) \| (\$\S+) \| (\$\S+) \|$/gm),
    ];
    expect(rows).toHaveLength(3);
    for (const [, size = '', used = '', together = '', uploads = ''] of rows) {
      expect(textOf('docs/scale.md')).toMatch(rowOf([size, used], together));
      expect(textOf('docs/operations.md')).toMatch(rowOf([size], uploads));
    }
  });
});

/** A row of a table that begins with some cells and ends with one. */
function rowOf(cells: readonly string[], last: string): RegExp {
  const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^\\| ${cells.map(escaped).join(' \\| ')} \\|.*\\| ${escaped(last)} \\|$`, 'm');
}

describe('wrapping a page', () => {
  const long = 'word '.repeat(40).trim();

  it('breaks prose, and the second line of a list stands below the first', () => {
    const lines = wrapPage(`${long}\n\n- ${long}\n- next`).split('\n');
    expect(lines.every((line) => line.length <= 120)).toBe(true);
    expect(lines.filter((line) => line.startsWith('  word'))).not.toEqual([]);
    expect(lines.at(-1)).toBe('- next');
  });

  it.each([
    ['code', `\`\`\`sh\n${long}\n\`\`\``],
    ['a table', `| ${long} |`],
    ['a heading', `# ${long}`],
    ['a link with blanks, of which there is no shorter one', `[${long}](x.md)`],
  ])('leaves %s', (_, text) => {
    expect(wrapPage(text)).toBe(text);
  });

  it('never begins a line with what would be a list', () => {
    const text = `${'x'.repeat(117)} a - b`;
    expect(wrapPage(text).split('\n')).toEqual(['x'.repeat(117), 'a - b']);
  });

  it('changes nothing the second time', () => {
    const once = wrapPage(`${long} - ${long}\n> ${long}\n\n1. ${long}`);
    expect(wrapPage(once)).toBe(once);
  });
});
