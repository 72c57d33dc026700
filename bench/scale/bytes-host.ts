import { sizes } from './months.ts';

/**
 * Published prices of the Consumption plan, nothing that was paid here: a third party's account of Azure's retail
 * prices (Korea Central, read on 2026-05-14,
 * https://dotnetpower.github.io/elb-dashboard/features_change/2026-05/2026-05-14-container-app-sizing-and-cost-estimate/),
 * and what is free each month of a subscription (https://learn.microsoft.com/azure/container-apps/billing). In US
 * dollars and seconds.
 */
const containerPrices = {
  vcpuSecond: 0.000024,
  gibSecond: 0.000003,
  freeVcpuSeconds: 180_000,
  freeGibSeconds: 360_000,
};

/** What Container Apps bills of the bytes host in a month. */
export interface BytesHostMonth {
  readonly size: string;
  /** How long a replica is there, in hours of all replicas and regions. */
  readonly hours: number;
  readonly vcpuSeconds: number;
  readonly gibSeconds: number;
  /** All of it at the rate of a replica that works, which is eight times that of an idle one's processor. */
  readonly dollars: number;
}

/** Of infra/modules/uploads.bicep. */
export const replica = { vcpu: 0.5, gib: 1 };
/** Container Apps' default: a replica goes so long after the last request. In seconds. */
export const coolDown = 300;
/** As in the sheet: one new layer of a push, and how fast a replica was seen to take one (docs/performance.md). */
const [layerMiB, mibPerSecond] = [10, 70];
const [days, day] = [30, 86_400];

/**
 * The most that it can be: pushes are spread evenly over the day, so that each keeps a replica for its cool-down, until
 * there are so many that one is always there. Of regions the one that is pushed to.
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

/** The rows of the table in docs/operations.md. */
export function bytesHostRows(): string[] {
  const whole = (value: number) => Math.round(value).toLocaleString('en');
  return bytesHostMonths().map(
    ({ size, hours, vcpuSeconds, gibSeconds, dollars }) =>
      `| ${size} | ${whole(hours)} | ${whole(vcpuSeconds)} | ${whole(gibSeconds)} | $${dollars.toFixed(2)} |`,
  );
}
