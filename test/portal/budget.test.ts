import { beforeAll, describe, expect, it } from 'vitest';
import type { Size } from '../../portal/budget.ts';
import { overBudget, sizesOf, sizeTable } from '../../portal/budget.ts';
import type { BuiltPortal } from '../../portal/build.ts';
import { bundlePortal } from '../../portal/build.ts';

describe('the size of the portal', () => {
  let built: BuiltPortal;
  let sizes: Size[];
  beforeAll(async () => {
    built = await bundlePortal();
    sizes = sizesOf(built);
  });

  it('keeps to its budget: what is loaded first, and what each page adds', () => {
    expect(overBudget(sizes)).toEqual([]);
    expect(sizes.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['first load: script', 'first load: style', 'first load: requests']),
    );
  });

  it('is measured: nothing weighs nothing', () => {
    expect(sizes.filter(({ value }) => value <= 0)).toEqual([]);
  });

  it('is told when it is over, by name and number', () => {
    const size: Size = { what: 'page tags', value: 15_361, limit: 15_360, unit: 'bytes' };
    expect(overBudget([size])).toEqual(['page tags has 15361 bytes, and 15360 are allowed']);
    expect(sizeTable([size])).toBe('page tags  15.0 KiB  of 15.0 KiB\n');
  });

  it('has nothing inline in its page, and names no other host', () => {
    const page = new TextDecoder().decode(built.files.get('index.html')?.bytes);
    expect(page).not.toMatch(/<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=|%[A-Z]+%/);
    expect([...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url]) => url)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^\/ui\/assets\/main-[A-Z0-9]{8}\.js$/)]),
    );
    expect([...page.matchAll(/(?:src|href)="((?!\/ui\/|data:image)[^"]*)"/g)]).toEqual([]);
  });
});
