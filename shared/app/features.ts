import { acr } from '../features/acr/feature.ts';
import { builds } from '../features/builds/feature.ts';
import { collection } from '../features/collection/feature.ts';
import { events } from '../features/events/feature.ts';
import { identity } from '../features/identity/feature.ts';
import { images } from '../features/images/feature.ts';
import { portal } from '../features/portal/feature.ts';
import { purge } from '../features/purge/feature.ts';
import { quarantine } from '../features/quarantine/feature.ts';
import { recycleBinFeature } from '../features/recycle-bin/feature.ts';
import { registry } from '../features/registry/feature.ts';
import { replication } from '../features/replication/feature.ts';
import { scanJudging, scanning } from '../features/scanning/feature.ts';
import { trust } from '../features/trust/feature.ts';
import { usage } from '../features/usage/feature.ts';
import { verdicts } from '../features/verdicts/feature.ts';
import { views } from '../features/views/feature.ts';
import { webhooks } from '../features/webhooks/feature.ts';
import { commonSettings } from './config/common.ts';
import { FeatureList } from './feature-list.ts';
import type { Ground } from './ground.ts';

/** All features. One that asks for what another gives stands behind it. */
export const features = FeatureList.from<Ground, typeof commonSettings>(commonSettings)
  .and(events)
  .and(identity)
  .and(usage)
  .and(webhooks)
  .and(collection)
  .and(recycleBinFeature)
  .and(purge)
  .and(replication)
  .and(registry)
  .and(quarantine)
  .and(trust)
  .and(scanJudging)
  .and(verdicts)
  .and(scanning)
  .and(acr)
  .and(builds)
  .and(views)
  .and(images)
  .and(portal);
