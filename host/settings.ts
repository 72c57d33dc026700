import { z } from 'zod';
import { BadConfiguration } from '../shared/app/config/config.ts';

const settingsSchema = z.object({
  /** The port that it listens on; Container Apps' ingress must name the same one as `targetPort`. */
  LONGSHORE_HOST_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  LONGSHORE_HOST_ADDRESS: z
    .union([z.ipv4(), z.ipv6()], { error: 'must be an IP address of this machine, as in 0.0.0.0' })
    .default('0.0.0.0'),
  /**
   * The seconds that requests may go on after SIGTERM: fewer than the platform allows before it kills (Container Apps:
   * `terminationGracePeriodSeconds`, 600 at most).
   */
  LONGSHORE_HOST_DRAIN_SECONDS: z.coerce.number().int().min(0).max(600).default(570),
});

export interface HostSettings {
  readonly host: string;
  readonly port: number;
  readonly drainMs: number;
}

/** Parses the environment's settings of the container's own host. Throws `BadConfiguration`. */
export function parseHostSettings(environment: Readonly<Record<string, string | undefined>>): HostSettings {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success)
    throw new BadConfiguration(parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`));
  const { LONGSHORE_HOST_PORT: port, LONGSHORE_HOST_ADDRESS: host, LONGSHORE_HOST_DRAIN_SECONDS: drain } = parsed.data;
  return { host, port, drainMs: drain * 1000 };
}
