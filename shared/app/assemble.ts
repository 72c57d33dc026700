import { holdGate } from '../core/admission/holds.ts';
import { lockGate } from '../core/admission/locks.ts';
import type { SettingsShape } from '../core/feature/feature.ts';
import { tracedApp } from '../core/telemetry/traced.ts';
import type { OwnRegistrySettings } from '../features/registry/settings.ts';
import { createApp } from './app.ts';
import type { GivenToApp } from './app-ports.ts';
import type { CommonSettings } from './common-settings.ts';
import type { FeatureList, Triggers } from './feature-list.ts';
import { features } from './features.ts';
import type { Adapters, Ground, InstanceMemory } from './ground.ts';
import { groundOf, instanceMemory } from './ground.ts';
import type { LongshoreOf } from './longshore.ts';
import { triggersOf } from './triggers.ts';

export type { Adapters } from './ground.ts';

export type Settings = CommonSettings & ReturnType<typeof features.read>;

/** The app with all features: what triggers call. */
export type Longshore = LongshoreOf<ReturnType<typeof features.make>['triggers']>;

/** The object graph of one registry. `memory` is the instance's, where it has several. */
export const assemble: (adapters: Adapters, settings: Settings, memory?: InstanceMemory) => Longshore =
  assembling(features);

/** Assembles the features of a list. */
export function assembling<
  P extends GivenToApp,
  S extends SettingsShape,
  Own extends OwnRegistrySettings,
  T extends Triggers,
>(
  list: FeatureList<Ground, P, S, Own, T>,
): (adapters: Adapters, settings: CommonSettings & Own, memory?: InstanceMemory) => LongshoreOf<T> {
  return (adapters, settings, memory = instanceMemory(adapters, settings)) => {
    const ground = groundOf(adapters, settings, memory);
    const { parts, ports, triggers } = list.make({ ...ground, settings });
    const gates = parts.flatMap(([, part]) => part.gates ?? []);
    ground.admission.open([lockGate, holdGate(adapters.clock, ground.metrics), ...gates, ...(settings.gates ?? [])]);
    const app = createApp({
      ...ground,
      ...settings,
      given: ports,
      parts: parts.map(([, part]) => part),
    });
    const { tracer, log } = adapters;
    return {
      app: tracer === undefined ? app : tracedApp(app, tracer),
      log,
      async flush() {
        for (const [, { flush }] of parts) await flush?.();
      },
      ...triggersOf(triggers, { tracer, log }),
    };
  };
}
