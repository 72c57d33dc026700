import { sizes } from './months.ts';

/** What Container Apps bills of the bytes host in a month. Its prices are not known here, so nothing is in dollars. */
export interface BytesHostMonth {
  readonly size: string;
  /** How long a replica is there, in hours of all replicas and regions. */
  readonly hours: number;
  readonly vcpuSeconds: number;
  readonly gibSeconds: number;
}

/** Of infra/modules/uploads.bicep. */
export const replica = { vcpu: 0.5, gib: 1 };
/** Container Apps' default: a replica goes so long after the last request. In seconds. */
export const coolDown = 300;
/** As in the sheet: one new layer of a push, and how fast a replica was seen to take one (docs/performance.md). */
const [layerMiB, mibPerSecond] = [10, 70];
const [days, day] = [30, 86_400];

/**
 * The most that it can be: pushes are spread evenly over the day, so that each keeps a replica for its cool-down, until there are so many that one is always there. Of
 * regions the one that is pushed to.
 */
export function bytesHostMonths(): BytesHostMonth[] {
  return sizes.map(({ size, pushes }) => {
    const transfer = (pushes * layerMiB) / mibPerSecond;
    const there = Math.min(pushes * (coolDown + layerMiB / mibPerSecond), Math.max(day, transfer));
    const seconds = there * days;
    return { size, hours: seconds / 3_600, vcpuSeconds: seconds * replica.vcpu, gibSeconds: seconds * replica.gib };
  });
}

/** The rows of the table in docs/operations.md. */
export function bytesHostRows(): string[] {
  const whole = (value: number) => Math.round(value).toLocaleString('en');
  return bytesHostMonths().map(({ size, hours, vcpuSeconds, gibSeconds }) => `| ${size} | ${whole(hours)} | ${whole(vcpuSeconds)} | ${whole(gibSeconds)} |`);
}
