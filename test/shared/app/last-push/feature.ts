import { onEvents } from '../../../../shared/core/feature/events.ts';
import { feature } from '../../../../shared/core/feature/feature.ts';
import { lastPushRoutes } from './http.ts';
import type { LastPushPorts } from './last-push.ts';
import { recordPush } from './last-push.ts';
import { lastPushSettings, readLastPushSettings } from './settings.ts';

/** Shows the last push: what CONTRIBUTING.md adds as an example. */
export const lastPush = feature({
  name: 'last-push',
  settings: lastPushSettings,
  read: readLastPushSettings,
  make: (ports: LastPushPorts) => ({
    routes: lastPushRoutes(ports),
    events: {
      'last-push-record': onEvents(['Microsoft.ContainerRegistry.ImagePushed'], ({ time, data }) =>
        recordPush(ports, { repository: data.target.repository, pushedAt: time }),
      ),
    },
  }),
});
