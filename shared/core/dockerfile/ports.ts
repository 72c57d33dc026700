import { isIP } from 'node:net';
import { DockerfileFault } from './fault.ts';
import { cut } from './spaces.ts';

const number = /^[+-]?\d+$/;

function range(ports: string): readonly [number, number] | undefined {
  const [first, second] = cut(ports, '-');
  const bounds = [first, second ?? first];
  if (bounds.some((bound) => !number.test(bound) || Number(bound) < 0 || Number(bound) > 65535)) return undefined;
  const [start = 0, last = 0] = bounds.map(Number);
  return last < start ? undefined : [start, last];
}

function checkAddress(address: string): void {
  const bare = address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
  if (address !== '' && isIP(bare) === 0) throw new DockerfileFault(`invalid IP address: ${address}`);
}

/** Checks one word of EXPOSE: `[ip:][host:]port[-port][/protocol]`. @throws DockerfileFault */
export function checkPort(word: string): void {
  const parts = word.split(':');
  const container = parts.at(-1) ?? '';
  const host = parts.at(-2) ?? '';
  const [ports, protocol = ''] = cut(container, '/');
  if (ports === '') throw new DockerfileFault(`invalid port: ${JSON.stringify(word)}: no port specified`);
  if (!['', 'tcp', 'udp', 'sctp'].includes(protocol.toLowerCase()))
    throw new DockerfileFault(`invalid port: ${JSON.stringify(word)}: invalid proto: ${protocol}`);
  checkAddress(parts.slice(0, -2).join(':'));
  const inner = range(ports);
  if (inner === undefined) throw new DockerfileFault(`invalid containerPort: ${ports}`);
  if (host === '') return;
  const outer = range(host);
  if (outer === undefined) throw new DockerfileFault(`invalid hostPort: ${host}`);
  if (inner[1] !== inner[0] && inner[1] - inner[0] !== outer[1] - outer[0])
    throw new DockerfileFault(`invalid ranges specified for container and host Ports: ${ports} and ${host}`);
}
