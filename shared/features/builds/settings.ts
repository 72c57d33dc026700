import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import type { Parsed } from '../../core/feature/feature.ts';
import { numberFrom, wholeNumberFrom } from '../../core/feature/number-setting.ts';
import type { UpstreamSettings } from './upstream/documents.ts';

/** `docker.io,ghcr.io,registry.example.com:5000`, or `none`. */
const hostsSchema = z.string().transform((text, context) => {
  const hosts =
    text === 'none'
      ? []
      : text
          .split(',')
          .map((host) => host.trim().toLowerCase())
          .filter((host) => host !== '');
  for (const host of hosts)
    if (!/^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/.test(host))
      context.addIssue({
        code: 'custom',
        message: `"${host}" is not a host: write a name or an address, with a port if needed`,
      });
  return hosts;
});

/** These settings are about rebuilds on updated bases ([rebuilds](../rebuilds.md)). */
export const buildSettings = {
  /**
   * Bounds the builds that run side by side, which have no image in common. Each makes up to eight images at once.
   */
  LONGSHORE_BUILDS_AT_ONCE: wholeNumberFrom(1, 16).default(4),
  /**
   * Sets how often, in minutes, the app looks at a tag of another registry that images here are built on, give or take a
   * tenth. Each look is one HEAD.
   */
  LONGSHORE_UPSTREAM_INTERVAL_MINUTES: numberFrom(1, 10_080).default(60),
  /** Bounds the looks that one other registry gets in a minute, from all instances together. */
  LONGSHORE_UPSTREAM_PER_MINUTE: wholeNumberFrom(1, 10_000).default(30),
  /**
   * Lists the registries that may be watched for every image that is built on them, as hosts with commas between; others
   * need an entry of an administrator (`/api/v1/bases/upstreams`) or a task. `none` allows no others; without it, well-known
   * public registries are allowed (docs/rebuilds.md).
   */
  LONGSHORE_UPSTREAM_HOSTS: hostsSchema.optional(),
};

export interface BuildSettings {
  /** The number of builds that are under way side by side, of those that have no image in common. */
  readonly buildsAtOnce: number;
  /** The pace at which tags of other registries are checked, and the registries that may be. */
  readonly upstream: UpstreamSettings;
}

export function readBuildSettings(config: Parsed<typeof buildSettings>): BuildSettings {
  return {
    buildsAtOnce: config.LONGSHORE_BUILDS_AT_ONCE,
    upstream: {
      intervalMs: config.LONGSHORE_UPSTREAM_INTERVAL_MINUTES * 60_000,
      perMinute: config.LONGSHORE_UPSTREAM_PER_MINUTE,
      ...defined({ hosts: config.LONGSHORE_UPSTREAM_HOSTS }),
    },
  };
}
