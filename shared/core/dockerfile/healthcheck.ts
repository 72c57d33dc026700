import { DockerfileFault } from './fault.ts';
import { Flags } from './flags.ts';
import type { Statement } from './parse.ts';

const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 6e10,
  h: 3.6e12,
};
const term = /^(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/;

/** Parses a duration as Go's time.ParseDuration does, in nanoseconds. @throws DockerfileFault */
function duration(text: string): number {
  const negative = text.startsWith('-');
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0;
  let total = 0;
  do {
    const match = term.exec(rest);
    if (match === null) throw new DockerfileFault(`time: invalid duration ${JSON.stringify(text)}`);
    total += Number(match[1]) * (nanoseconds[match[2] ?? ''] ?? 0);
    rest = rest.slice(match[0].length);
  } while (rest !== '');
  return negative ? -total : total;
}

function checkInterval(flags: Flags, name: string): void {
  const text = flags.get(name);
  const length = text === '' ? 0 : duration(text);
  if (length !== 0 && length < 1e6)
    throw new DockerfileFault(`Interval ${JSON.stringify(name)} cannot be less than 1ms`);
}

/** Checks the arguments and flags of HEALTHCHECK. @throws DockerfileFault */
export function checkHealthcheck({ args, flags: given }: Statement): void {
  const [first, ...command] = args;
  if (first === undefined) throw new DockerfileFault('HEALTHCHECK requires at least one argument');
  const type = first.toUpperCase();
  if (type === 'NONE') {
    if (command.length > 0) throw new DockerfileFault('HEALTHCHECK NONE takes no arguments');
    return;
  }
  const intervals = ['interval', 'timeout', 'start-period', 'start-interval'];
  const flags = new Flags(given, Object.fromEntries([...intervals, 'retries'].map((name) => [name, 'string'])));
  if (type !== 'CMD') throw new DockerfileFault(`Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`);
  if (command.length === 0) throw new DockerfileFault('Missing command after HEALTHCHECK CMD');
  for (const name of intervals) checkInterval(flags, name);
  const retries = flags.get('retries');
  if (retries === '') return;
  if (!/^[+-]?\d+$/.test(retries) || Math.abs(Number(retries)) > 0x7fffffff)
    throw new DockerfileFault(`strconv.ParseInt: parsing ${JSON.stringify(retries)}: invalid syntax`);
  if (Number(retries) < 0) throw new DockerfileFault(`--retries cannot be negative (${retries})`);
}
