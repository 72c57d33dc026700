import type { Page } from './kit.ts';

/** The pages by which a registry is steered. */
export const steeringPages: readonly Page[] = [
  {
    path: '/bin',
    load: async () => (await import('./pages/bin.tsx')).BinPage,
    entry: { label: 'Recycle bin', letter: 'b' },
  },
  {
    path: '/purge',
    load: async () => (await import('./pages/purge.tsx')).PurgePage,
    entry: { label: 'Purge', letter: 'p' },
  },
  { path: '/plan', load: async () => (await import('./pages/plan.tsx')).PlanPage },
  {
    path: '/policies',
    load: async () => (await import('./pages/policies.tsx')).PoliciesPage,
    entry: { label: 'Policies', letter: 'l' },
  },
  {
    path: '/held',
    load: async () => (await import('./pages/held.tsx')).HeldPage,
    entry: { label: 'Held', letter: 'h' },
  },
  {
    path: '/webhooks',
    load: async () => (await import('./pages/webhooks.tsx')).WebhooksPage,
    entry: { label: 'Webhooks', letter: 'w' },
  },
  { path: '/webhook', load: async () => (await import('./pages/webhook.tsx')).WebhookPage },
  {
    path: '/builds',
    load: async () => (await import('./pages/builds.tsx')).BuildsPage,
    entry: { label: 'Builds', letter: 'u' },
  },
  { path: '/build', load: async () => (await import('./pages/build.tsx')).BuildPage },
  {
    path: '/access',
    load: async () => (await import('./pages/access.tsx')).AccessPage,
    entry: { label: 'Access', letter: 'a' },
  },
  {
    path: '/bases',
    load: async () => (await import('./pages/bases.tsx')).BasesPage,
    entry: { label: 'Bases', letter: 's' },
  },
  {
    path: '/regions',
    load: async () => (await import('./pages/regions.tsx')).RegionsPage,
    entry: { label: 'Regions', letter: 'g' },
  },
  {
    path: '/usage',
    load: async () => (await import('./pages/usage.tsx')).UsagePage,
    entry: { label: 'Usage', letter: 'e' },
  },
  {
    path: '/settings',
    load: async () => (await import('./pages/settings.tsx')).SettingsPage,
    entry: { label: 'Settings', letter: 't' },
  },
];
