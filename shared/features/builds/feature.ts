import type { Places } from '../../core/documents/whole-list.ts';
import { onEvents } from '../../core/feature/events.ts';
import { feature } from '../../core/feature/feature.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { ShowBase } from '../../core/ports/image-views.ts';
import type { ReadSecret } from '../../core/ports/secrets.ts';
import type { LimitStrangers } from '../../core/ports/strangers.ts';
import { baseOfImage } from './bases/base-of-image.ts';
import { doorsOf } from './inbound/let-in.ts';
import { buildPipeline } from './pipeline.ts';
import type { BuildPorts } from './ports.ts';
import type { BuildSettings } from './settings.ts';
import { buildSettings, readBuildSettings } from './settings.ts';
import { userSecrets } from './user-secrets.ts';
import { buildViews } from './views.ts';

interface Ports extends Omit<BuildPorts, 'secrets' | 'upstream' | 'buildsAtOnce' | 'ownHosts'> {
  readonly secrets?: ReadSecret;
  readonly strangers: LimitStrangers;
  readonly lists: { readonly documents: Documents; readonly places: Places };
  readonly settings: BuildSettings & { readonly publicUrl?: URL };
}

/** Learns what images are built on, and rebuilds them when that is updated. */
export const builds = feature({
  name: 'builds',
  settings: buildSettings,
  read: readBuildSettings,
  make({ strangers, lists, settings, ...given }: Ports) {
    const ports: BuildPorts = {
      ...given,
      secrets: userSecrets(given.secrets),
      upstream: settings.upstream,
      buildsAtOnce: settings.buildsAtOnce,
      ownHosts: settings.publicUrl === undefined ? [] : [settings.publicUrl.host],
    };
    const pipeline = buildPipeline(ports);
    const showBase: ShowBase = { baseOfImage: (key, tag, digest) => baseOfImage(ports, key, tag, digest) };
    return {
      routes: async () => (await import('./management/http.ts')).buildRoutes({ ...ports, ...lists }),
      events: {
        'builds-learn': onEvents(
          [
            'Microsoft.ContainerRegistry.ImagePushed',
            'Microsoft.ContainerRegistry.ImageDeleted',
            'Longshore.TagMoved',
            'Longshore.TagDeleted',
            'Longshore.Restored',
          ],
          (event) => pipeline.learn(event),
        ),
        'builds-plan': onEvents(['Longshore.BaseImageUpdated'], (event) => pipeline.plan(event)),
      },
      messages: { 'builds-work': (message: unknown) => pipeline.work(message) },
      timers: { 'builds-sweep': () => pipeline.sweep() },
      gives: {
        inbound: doorsOf(ports, strangers),
        showBase,
        buildViews: buildViews(ports.documents, ports.registry),
      },
    };
  },
});
