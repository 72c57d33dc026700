import type { Page } from './kit.ts';

/** The pages that show what is stored. */
export const viewingPages: readonly Page[] = [
  {
    path: '/repositories',
    load: () => import('./pages/repositories.tsx').then((page) => page.RepositoriesPage),
    entry: { label: 'Repositories', letter: 'r' },
  },
  { path: '/tags', load: () => import('./pages/tags.tsx').then((page) => page.TagsPage) },
  { path: '/image', load: () => import('./pages/image.tsx').then((page) => page.ImagePage) },
  {
    path: '/compare',
    load: () => import('./pages/compare.tsx').then((page) => page.ComparePage),
    entry: { label: 'Compare', letter: 'c' },
  },
];
