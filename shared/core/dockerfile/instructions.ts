import { instructionNames } from './arguments.ts';
import type { Budget } from './budget.ts';
import { DockerfileFault } from './fault.ts';
import { Flags } from './flags.ts';
import { checkHealthcheck } from './healthcheck.ts';
import { heredocOf, isHeredoc } from './heredoc.ts';
import { checkDevice, mountFrom } from './mount.ts';
import type { Statement } from './parse.ts';
import { cut, trim } from './spaces.ts';
import { withSuggestion } from './suggest.ts';

export interface Pair {
  readonly key: string;
  readonly value: string;
}

export interface Arg {
  readonly key: string;
  /** The default; undefined where the ARG has none. */
  readonly value?: string;
}

export interface From {
  readonly kind: 'from';
  readonly base: string;
  readonly name: string;
  readonly platform: string;
}

/** COPY and ADD. */
export interface Copy {
  readonly kind: 'copy' | 'add';
  readonly from: string;
  readonly chown: string;
  readonly chmod: string;
  readonly checksum: string;
  readonly keepGitDir?: boolean;
  readonly sources: readonly string[];
  /** Contents of heredocs in which variables are expanded. */
  readonly expandedContents: readonly string[];
  readonly destination: string;
}

export interface Run {
  readonly kind: 'run';
  readonly mounts: readonly { readonly spec: string; readonly from: string }[];
}

export type Instruction =
  | From
  | Copy
  | Run
  | { readonly kind: 'arg'; readonly args: readonly Arg[] }
  | { readonly kind: 'env' | 'label'; readonly pairs: readonly Pair[] }
  | { readonly kind: 'workdir' | 'user' | 'stopsignal'; readonly value: string }
  | { readonly kind: 'volume' | 'expose'; readonly values: readonly string[] }
  | { readonly kind: 'onbuild'; readonly expression: string }
  /** An instruction in which nothing depends on anything outside. */
  | { readonly kind: 'other' };

const stageName = /^[a-z][a-z0-9-_.]*$/;

function atLeastOne(args: readonly string[], name: string): void {
  if (args.length === 0) throw new DockerfileFault(`${name} requires at least one argument`);
}

function exactlyOne(args: readonly string[], name: string): string {
  const [value] = args;
  if (value === undefined || args.length !== 1) throw new DockerfileFault(`${name} requires exactly one argument`);
  return value;
}

function from({ args, flags }: Statement): Instruction {
  const [base = '', as, written = ''] = args;
  const named = args.length === 3 && as?.toLowerCase() === 'as';
  if (!named && args.length !== 1) throw new DockerfileFault('FROM requires either one or three arguments');
  const name = written.toLowerCase();
  if (named && !stageName.test(name))
    throw new DockerfileFault(
      `invalid name for build stage: ${JSON.stringify(written)}, name can't start with a number or contain symbols`,
    );
  return { kind: 'from', base, name, platform: new Flags(flags, { platform: 'string' }).get('platform') };
}

function arg({ args }: Statement): Instruction {
  atLeastOne(args, 'ARG');
  return {
    kind: 'arg',
    args: args.map((word) => {
      const [key, value] = cut(word, '=');
      if (key === '' && value !== undefined) throw new DockerfileFault('ARG names can not be blank');
      return value === undefined ? { key } : { key, value };
    }),
  };
}

function pairs(kind: 'env' | 'label', { args, flags }: Statement): Instruction {
  new Flags(flags, {});
  atLeastOne(args, kind.toUpperCase());
  const found: Pair[] = [];
  for (let at = 0; at < args.length; at += 2) {
    if (args[at] === '') throw new DockerfileFault(`${kind.toUpperCase()} names can not be blank`);
    found.push({ key: args[at] ?? '', value: args[at + 1] ?? '' });
  }
  return { kind, pairs: found };
}

const common = { chown: 'string', chmod: 'string', link: 'boolean', exclude: 'strings' } as const;
const copyFlags = { ...common, from: 'string', parents: 'boolean' } as const;
const addFlags = { ...common, 'keep-git-dir': 'boolean', checksum: 'string', unpack: 'boolean' } as const;

function copy(kind: 'copy' | 'add', { args, flags: given, heredocs }: Statement, budget: Budget): Instruction {
  const name = kind.toUpperCase();
  if (args.length < 2)
    throw new DockerfileFault(
      `${name} requires at least two arguments, but only one was provided. Destination could not be determined`,
    );
  const flags = new Flags(given, kind === 'copy' ? copyFlags : addFlags);
  const destination = args.at(-1) ?? '';
  if (isHeredoc(destination, budget)) throw new DockerfileFault(`${name} cannot accept a heredoc as a destination`);
  const contents = new Map(heredocs.map((heredoc) => [heredoc.name, heredoc.content]));
  const words = args.slice(0, -1);
  const openings = words.filter((word) => isHeredoc(word, budget)).flatMap((word) => heredocOf(word, budget) ?? []);
  return {
    kind,
    from: flags.get('from'),
    chown: flags.get('chown'),
    chmod: flags.get('chmod'),
    checksum: flags.get('checksum'),
    ...(flags.has('keep-git-dir') ? { keepGitDir: flags.get('keep-git-dir') === 'true' } : {}),
    sources: words.filter((word) => !isHeredoc(word, budget)),
    expandedContents: openings.filter((opening) => opening.expand).map((opening) => contents.get(opening.name) ?? ''),
    destination,
  };
}

function run({ flags: given }: Statement): Instruction {
  const flags = new Flags(given, { mount: 'strings', network: 'string', security: 'string', device: 'strings' });
  const mounts = flags.all('mount').map((spec) => ({ spec, from: mountFrom(spec) }));
  const network = flags.has('network') ? flags.get('network') : 'default';
  if (!['default', 'none', 'host'].includes(network))
    throw new DockerfileFault(`invalid network mode ${JSON.stringify(network)}`);
  const security = flags.has('security') ? flags.get('security') : 'sandbox';
  if (!['insecure', 'sandbox'].includes(security))
    throw new DockerfileFault(`security ${JSON.stringify(security)} is not valid`);
  for (const device of flags.all('device')) checkDevice(device);
  return { kind: 'run', mounts };
}

function onbuild({ args, flags, original, heredocs }: Statement): Instruction {
  atLeastOne(args, 'ONBUILD');
  new Flags(flags, {});
  const trigger = trim(args[0] ?? '').toUpperCase();
  if (trigger === 'ONBUILD') throw new DockerfileFault("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger === 'MAINTAINER' || trigger === 'FROM')
    throw new DockerfileFault(`${trigger} isn't allowed as an ONBUILD trigger`);
  const contents = heredocs.map(({ content, name }) => `\n${content}${name}`).join('');
  return { kind: 'onbuild', expression: original.replace(/^\s*ONBUILD\s*/i, '') + contents };
}

function volume({ args, flags }: Statement): Instruction {
  atLeastOne(args, 'VOLUME');
  new Flags(flags, {});
  const values = args.map(trim);
  if (values.includes('')) throw new DockerfileFault('VOLUME specified can not be an empty string');
  return { kind: 'volume', values };
}

function shell({ args, flags, json }: Statement): Instruction {
  new Flags(flags, {});
  atLeastOne(args, 'SHELL');
  if (!json) throw new DockerfileFault('SHELL requires the arguments to be in JSON form');
  return { kind: 'other' };
}

function single(kind: 'workdir' | 'user' | 'stopsignal', { args, flags }: Statement): Instruction {
  const value = exactlyOne(args, kind.toUpperCase());
  // BuildKit does not check the flags of STOPSIGNAL.
  if (kind !== 'stopsignal') new Flags(flags, {});
  return { kind, value };
}

function other({ flags }: Statement): Instruction {
  new Flags(flags, {});
  return { kind: 'other' };
}

const readers: Readonly<Record<string, (statement: Statement, budget: Budget) => Instruction>> = {
  add: (statement, budget) => copy('add', statement, budget),
  arg,
  cmd: other,
  copy: (statement, budget) => copy('copy', statement, budget),
  entrypoint: other,
  env: (statement) => pairs('env', statement),
  expose: ({ args, flags }) => {
    atLeastOne(args, 'EXPOSE');
    new Flags(flags, {});
    return { kind: 'expose', values: [...args].sort() };
  },
  from,
  healthcheck: (statement) => {
    checkHealthcheck(statement);
    return { kind: 'other' };
  },
  label: (statement) => pairs('label', statement),
  maintainer: (statement) => {
    exactlyOne(statement.args, 'MAINTAINER');
    return other(statement);
  },
  onbuild,
  run,
  shell,
  stopsignal: (statement) => single('stopsignal', statement),
  user: (statement) => single('user', statement),
  volume,
  workdir: (statement) => single('workdir', statement),
};

/**
 * Reads a statement as an instruction. @throws DockerfileFault on an instruction that does not exist, or whose flags or
 * arguments are not its own.
 */
export function instructionOf(statement: Statement, budget: Budget): Instruction {
  const reader = Object.hasOwn(readers, statement.name) ? readers[statement.name] : undefined;
  if (reader !== undefined) return reader(statement, budget);
  const written = statement.written;
  const near = withSuggestion('', written.toUpperCase(), instructionNames);
  throw new DockerfileFault(
    `unknown instruction: ${written}${written === written.toLowerCase() ? near.replace(/mean \w+/, (word) => word.toLowerCase()) : near}`,
  );
}
