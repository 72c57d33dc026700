import { sizes } from './months.ts';

/**
 * The published prices of the Consumption plan, in US dollars and seconds; nothing was paid here. They are from a third
 * party's account of Azure's retail prices (Korea Central, read on 2026-05-14,
 * https://dotnetpower.github.io/elb-dashboard/features_change/2026-05/2026-05-14-container-app-sizing-and-cost-estimate/);
 * a part of each month is free (https://learn.microsoft.com/azure/container-apps/billing).
 */
const containerPrices = {
  vcpuSecond: 0.000024,
  gibSecond: 0.000003,
  freeVcpuSeconds: 180_000,
  freeGibSeconds: 360_000,
};

/** The bill of Container Apps for the bytes host in a month. */
export interface BytesHostMonth {
  readonly size: string;
  /** The hours that replicas exist, of all replicas and regions together. */
  readonly hours: number;
  readonly vcpuSeconds: number;
  readonly gibSeconds: number;
  /** The US dollars, all at the rate of an active replica, whose processor costs eight times that of an idle one. */
  readonly dollars: number;
}

/** The size of a replica, from infra/modules/uploads.bicep. */
export const replica = { vcpu: 0.5, gib: 1 };
/** The seconds after the last request until a replica is removed: Container Apps' default. */
export const coolDown = 300;
/**
 * The size of the one new layer of a push, as in the sheet, and the measured speed of a replica (docs/performance.md).
 */
const [layerMiB, mibPerSecond] = [10, 70];
const [days, day] = [30, 86_400];

/**
 * Computes an upper bound for the region that is pushed to: pushes are spread evenly over the day, so that each keeps a
 * replica for its cool-down, until there are so many that one always exists.
 */
export function bytesHostMonths(): BytesHostMonth[] {
  return sizes.map(({ size, pushes }) => {
    const transfer = (pushes * layerMiB) / mibPerSecond;
    const there = Math.min(pushes * (coolDown + layerMiB / mibPerSecond), Math.max(day, transfer));
    const seconds = there * days;
    const [vcpuSeconds, gibSeconds] = [seconds * replica.vcpu, seconds * replica.gib];
    return { size, hours: seconds / 3_600, vcpuSeconds, gibSeconds, dollars: beyondGrant(vcpuSeconds, gibSeconds) };
  });
}

function beyondGrant(vcpuSeconds: number, gibSeconds: number): number {
  const { vcpuSecond, gibSecond, freeVcpuSeconds, freeGibSeconds } = containerPrices;
  return Math.max(0, vcpuSeconds - freeVcpuSeconds) * vcpuSecond + Math.max(0, gibSeconds - freeGibSeconds) * gibSecond;
}

/** Makes the rows of the table in docs/operations.md. */
export function bytesHostRows(): string[] {
  const whole = (value: number) => Math.round(value).toLocaleString('en');
  return bytesHostMonths().map(
    ({ size, hours, vcpuSeconds, gibSeconds, dollars }) =>
      `| ${size} | ${whole(hours)} | ${whole(vcpuSeconds)} | ${whole(gibSeconds)} | $${dollars.toFixed(2)} |`,
  );
}
