import { onEvents } from '../../../../shared/core/feature/events.ts';
import { feature } from '../../../../shared/core/feature/feature.ts';
import type { LatestPushPorts } from './latest-push.ts';
import { recordPush } from './latest-push.ts';
import { latestPushSettings, readLatestPushSettings } from './settings.ts';

/** Shows the latest push: what CONTRIBUTING.md adds as an example. */
export const latestPush = feature({
  name: 'latest-push',
  settings: latestPushSettings,
  read: readLatestPushSettings,
  make: (ports: LatestPushPorts) => ({
    routes: async () => (await import('./http.ts')).latestPushRoutes(ports),
    events: {
      'latest-push-record': onEvents(['Microsoft.ContainerRegistry.ImagePushed'], ({ time, data }) =>
        recordPush(ports, { repository: data.target.repository, pushedAt: time }),
      ),
    },
  }),
});
