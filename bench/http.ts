import { fork } from 'node:child_process';
import { once } from 'node:events';
import { requestsPerSecond } from './http-load.ts';
import type { BenchServer } from './http-server.ts';

const roundMs = 1_500;
const rounds = 5;

interface Lane {
  readonly name: string;
  readonly path: string;
  readonly host: RunningServer;
  readonly rates: number[];
  /** Of the server's processor time, in microseconds a request. */
  readonly costs: number[];
}

interface RunningServer {
  readonly server: BenchServer;
  cpu(): Promise<number>;
  stop(): void;
}

async function start(kind: 'longshore' | 'bare'): Promise<RunningServer> {
  const child = fork(new URL('http-server.ts', import.meta.url), [kind]);
  const [server] = (await once(child, 'message')) as [BenchServer];
  const cpu = async () => {
    child.send('cpu');
    const [used] = (await once(child, 'message')) as [number];
    return used;
  };
  return { server, cpu, stop: () => void child.kill() };
}

async function runRound({ host, path, rates, costs }: Lane): Promise<void> {
  const before = await host.cpu();
  const rate = await requestsPerSecond(host.server.port, path, roundMs);
  rates.push(rate);
  costs.push(((await host.cpu()) - before) / ((rate * roundMs) / 1000));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function told({ name, rates, costs }: Lane): { name: string; value: string } {
  return { name, value: `${Math.round(median(rates))}/s (${rates.map(Math.round).join(' ')}), ${median(costs).toFixed(1)} µs of processor each` };
}

function compared(lane: Lane, ceiling: Lane): { name: string; value: string }[] {
  return [
    { name: `${lane.name} / ${ceiling.name}`, value: (median(lane.rates) / median(ceiling.rates)).toFixed(2) },
    { name: `${lane.name} / ${ceiling.name}, by processor time`, value: (median(ceiling.costs) / median(lane.costs)).toFixed(2) },
  ];
}

/** Manifest pulls over memory against a bare `node:http` that sends the same bytes: interleaved, medians, every round told. */
export async function benchHttp(): Promise<{ name: string; value: string }[]> {
  const [longshore, bare] = await Promise.all([start('longshore'), start('bare')]);
  const lane = (name: string, host: RunningServer, path: string): Lane => ({ name, host, path, rates: [], costs: [] });
  const ceiling = lane('bare node:http', bare, bare.server.byDigest);
  const pulls = [lane('manifest by digest', longshore, longshore.server.byDigest), lane('manifest by tag', longshore, longshore.server.byTag)];
  const lanes = [ceiling, ...pulls];
  for (const { host, path } of lanes) await requestsPerSecond(host.server.port, path, roundMs); // Both compile first.
  for (let round = 0; round < rounds; round++) {
    for (const each of lanes) await runRound(each);
  }
  longshore.stop();
  bare.stop();
  return [...lanes.map(told), ...pulls.flatMap((pull) => compared(pull, ceiling))];
}
