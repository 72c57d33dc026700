import type { Page } from './kit.ts';
import { showPortal } from './kit.ts';
import { OverviewPage } from './pages/overview.tsx';
import { steeringPages } from './steering-pages.ts';
import { viewingPages } from './viewing-pages.ts';

/** Every page, in the order of the navigation. Each is a script of its own, but for the one that people see first. */
const pages: readonly Page[] = [
  { path: '/', load: () => OverviewPage, entry: { label: 'Overview', letter: 'o' } },
  ...viewingPages,
  ...steeringPages,
];

showPortal(pages);
