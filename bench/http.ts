import type { Figure } from './compare.ts';
import { median } from './compare.ts';
import type { Asked } from './http-load.ts';
import { requestsPerSecond } from './http-load.ts';
import type { RunningServer } from './server-process.ts';
import { start } from './server-process.ts';

const roundMs = 1_000;
const rounds = 7;

interface Lane {
  readonly name: string;
  readonly asked: Asked;
  readonly host: RunningServer;
  readonly rates: number[];
  /** The server's processor time in microseconds a request. */
  readonly costs: number[];
}

async function runRound({ host, asked, rates, costs }: Lane): Promise<void> {
  const before = await host.cpu();
  const rate = await requestsPerSecond(host.server.port, asked, roundMs);
  rates.push(rate);
  costs.push(((await host.cpu()) - before) / ((rate * roundMs) / 1000));
}

function told({ name, rates, costs }: Lane): Figure {
  return {
    name,
    value: `${Math.round(median(rates))}/s (${rates.map(Math.round).join(' ')}), ${median(costs).toFixed(1)} µs of processor each`,
  };
}

function compared(lane: Lane, ceiling: Lane): Figure[] {
  return [
    { name: `${lane.name} / ${ceiling.name}`, value: (median(lane.rates) / median(ceiling.rates)).toFixed(2) },
    {
      name: `${lane.name} / ${ceiling.name}, by processor time`,
      value: (median(ceiling.costs) / median(lane.costs)).toFixed(2),
    },
  ];
}

/**
 * Measures pulls of manifests over memory against a bare `node:http` that sends the same bytes: interleaved, as
 * medians, with every round.
 */
export async function benchHttp(): Promise<Figure[]> {
  const [longshore, required, uncounted, bare] = await Promise.all([
    start('longshore'),
    start('required'),
    start('uncounted'),
    start('bare'),
  ]);
  const lane = (name: string, host: RunningServer, path: string, status = 200): Lane => ({
    name,
    host,
    asked: { path, status, authorization: host.server.authorization },
    rates: [],
    costs: [],
  });
  const ceiling = lane('bare node:http', bare, bare.server.byDigest);
  const byDigest = lane('manifest by digest', longshore, longshore.server.byDigest);
  const byTag = lane('manifest by tag', longshore, longshore.server.byTag);
  const redirect = lane('redirect to a blob', longshore, longshore.server.blob, 307);
  const withToken = lane('manifest by digest, with a token', required, required.server.byDigest);
  const withoutCounting = lane('manifest by digest, counting nothing', uncounted, uncounted.server.byDigest);
  const lanes = [ceiling, byDigest, byTag, redirect, withToken, withoutCounting];
  for (const { host, asked } of lanes) await requestsPerSecond(host.server.port, asked, roundMs); // All sides compile in the first round.
  for (let round = 0; round < rounds; round++) {
    for (const each of lanes) await runRound(each);
  }
  for (const { host } of lanes) host.stop();
  const ratios = [
    compared(byDigest, ceiling),
    compared(byTag, ceiling),
    compared(redirect, byTag),
    compared(withToken, byDigest),
    compared(byDigest, withoutCounting),
  ];
  return [...lanes.map(told), ...ratios.flat()];
}
