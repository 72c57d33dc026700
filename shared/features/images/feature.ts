import { feature } from '../../core/feature/feature.ts';
import type { ImageViewPorts } from './ports.ts';

/** Shows single images to people: what they are made of, how two differ, and what goes if one is deleted; and deletes them. */
export const images = feature({
  name: 'images',
  make: (ports: ImageViewPorts) => ({
    routes: async () => (await import('./http.ts')).imageRoutes(ports),
    // By the distribution API one who may delete content of a repository deletes the same.
    repositoryRight: (method: string, path: string) =>
      method === 'DELETE' && path === '/images' ? ('delete' as const) : undefined,
  }),
});
