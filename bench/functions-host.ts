import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { httpTriggerMetadata } from '../emulators/functions-host/http/trigger-metadata.ts';
import type { Figure } from './compare.ts';
import { median } from './compare.ts';
import type { HostKind } from './functions-host-process.ts';
import { requestsPerSecond } from './http-load.ts';
import type { RunningServer } from './server-process.ts';
import { start, startProgram } from './server-process.ts';

const [roundMs, rounds] = [1_500, 5];

interface Lane {
  readonly name: string;
  readonly host: RunningServer;
  readonly rates: number[];
  /** The server's processor time of a request, in microseconds. */
  readonly costs: number[];
}

async function runRound({ host, rates, costs }: Lane): Promise<void> {
  const before = await host.cpu();
  const rate = await requestsPerSecond(host.server.port, { path: host.server.byDigest, status: 200 }, roundMs);
  rates.push(rate);
  costs.push(((await host.cpu()) - before) / ((rate * roundMs) / 1_000));
}

const told = ({ name, rates, costs }: Lane): Figure => ({
  name,
  value:
    `${Math.round(median(rates))}/s (${rates.map(Math.round).join(' ')}), ${Math.min(...costs).toFixed(0)} ` +
    `µs of processor each at least (${costs.map(Math.round).join(' ')})`,
});

/**
 * Measures a pull by digest over memory: the costs of plain Node and of the local Functions host, and the share of each
 * step. Each lane has one step more than the one before. Processor time is compared, for it holds on a busy machine
 * too.
 */
export async function benchFunctionsHost(): Promise<Figure[]> {
  const host = (kind: HostKind) => startProgram(new URL('functions-host-process.ts', import.meta.url), [kind]);
  const [bare, plain, hop, library, registry] = await Promise.all([
    start('bare'),
    start('longshore'),
    host('hop'),
    host('library'),
    host('registry'),
  ]);
  const lane = (name: string, running: RunningServer): Lane => ({ name, host: running, rates: [], costs: [] });
  const lanes = {
    bare: lane('bare node:http', bare),
    plain: lane('the registry on plain Node', plain),
    hop: lane('the host forwards to a bare server', hop),
    library: lane('and runs the registry through the library', library),
    registry: lane('and runs the registry, which answers itself', registry),
  };
  const all = Object.values(lanes);
  for (const each of all)
    await requestsPerSecond(each.host.server.port, { path: each.host.server.byDigest, status: 200 }, roundMs);
  for (let round = 0; round < rounds; round++) for (const each of all) await runRound(each);
  for (const each of all) each.host.stop();
  // The smallest round is used, because the others include other load of the machine.
  const cost = (name: keyof typeof lanes) => Math.min(...lanes[name].costs);
  const share = (name: string, from: number, to: number): Figure => ({
    name: `share: ${name}`,
    value: `${(to - from).toFixed(0)} µs, ${((100 * (to - from)) / cost('registry')).toFixed(0)} %`,
  });
  const json = metadataCost();
  return [
    ...all.map(told),
    share('an answer at all', 0, cost('bare')),
    share('the host: a second request and its answer', cost('bare'), cost('hop')),
    share('of that the JSON of an invocation, written and read', 0, json),
    share('the invocation, and the registry', cost('hop'), cost('registry')),
    share('through the library the last is', cost('hop'), cost('library')),
    {
      name: 'through the library / answering itself, by processor time',
      value:
        `${(cost('library') / cost('registry')).toFixed(2)}; by the medians ` +
        (median(lanes.library.costs) / median(lanes.registry.costs)).toFixed(2),
    },
    {
      name: 'the Functions host / plain Node, by processor time',
      value: (cost('registry') / cost('plain')).toFixed(2),
    },
  ];
}

/** Returns the microseconds in which the library parses a request's query and headers, which the host sends as text. */
function metadataCost(): number {
  const request = new IncomingMessage(new Socket());
  const headers = {
    host: 'registry.example.com',
    accept: 'application/vnd.oci.image.manifest.v1+json',
    'user-agent': 'containerd/2.0',
    authorization: `Bearer ${'a'.repeat(700)}`,
    'x-forwarded-for': '203.0.113.9',
  };
  for (const [name, value] of Object.entries(headers)) request.headersDistinct[name] = [value];
  const count = 20_000;
  const began = process.cpuUsage();
  for (let at = 0; at < count; at++) {
    const data = httpTriggerMetadata(request, new URLSearchParams(), { path: 'team/app/manifests/v1' }, undefined);
    JSON.parse(data['Headers']?.json ?? '{}');
    JSON.parse(data['Query']?.json ?? '{}');
  }
  const { user, system } = process.cpuUsage(began);
  return (user + system) / count;
}
