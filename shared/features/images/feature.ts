import { feature } from '../../core/feature/feature.ts';
import type { ImageViewPorts } from './ports.ts';

/** Shows single images to people: what they are made of, how two differ, and what goes if one is deleted. */
export const images = feature({
  name: 'images',
  make: (ports: ImageViewPorts) => ({ routes: async () => (await import('./http.ts')).imageRoutes(ports) }),
});
