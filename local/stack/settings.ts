import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Command } from '../command-line.ts';
import { helpIn, pointerToHelp } from '../command-line.ts';

const portSchema = wholeNumber(0, 65_535);

/** A host's name or IPv4 address; dots and dashes stand between its letters and digits. */
const hostName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** The settings of the local stack, from a flag or an environment variable. A port of 0 means any free one. */
const settingsSchema = z
  .object({
    port: portSchema,
    functionsPort: portSchema,
    state: z.string().min(1, 'must name a folder'),
    tls: z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')], {
      error: ({ input }) => `must be true or false, not ${shown(input)}`,
    }),
    hosts: z.array(
      z
        .string()
        .toLowerCase()
        .regex(hostName, {
          error: ({ input }) => `must be a name without a port, as in images.azurecr.io, not ${shown(input)}`,
        }),
    ),
    registries: z.array(
      z
        .string()
        .toLowerCase()
        .regex(/^[a-z0-9-]{1,50}=[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/, {
          error: ({ input }) => `must be NAME=HOST, as in team=team.localhost, not ${shown(input)}`,
        })
        .transform((text) => {
          const [name = '', host = ''] = text.split('=');
          return { name, host };
        }),
    ),
    auth: z.enum(['open', 'required'], { error: ({ input }) => `must be "open" or "required", not ${shown(input)}` }),
    subscribers: z.array(
      z.url({ protocol: /^https?$/, error: ({ input }) => `must be an http or https URL, not ${shown(input)}` }),
    ),
    logLevel: z.string(),
    regions: wholeNumber(1, 5),
    regionLag: wholeNumber(0, 600_000),
    cosmosPort: portSchema,
    blobPort: portSchema,
    queuePort: portSchema,
    eventGridPort: portSchema,
    eventGridCode: z.string(),
  })
  .refine(({ tls, regions }) => !tls || regions === 1, {
    path: ['tls'],
    error: 'works with one region alone, because the others have no certificate',
  });

/** A registry of the stack, and a name that leads to it. */
export type LocalRegistry = StackSettings['registries'][number];
export type StackSettings = z.infer<typeof settingsSchema>;

interface Source {
  readonly flag?: string;
  readonly variable: string;
  readonly otherwise: string | number | boolean;
  /** The default where the stack is served with TLS. */
  readonly withTls?: string | number;
  /** The kind of flag: one that stands alone, or one that may be given several times; as a variable, with commas. */
  readonly kind?: 'switch' | 'list';
  /** One line for `--help`. */
  readonly says: string;
}

/** The source of each setting. The flags, the messages and the help are made of this. */
const sources: Readonly<Record<keyof StackSettings, Source>> = {
  port: {
    flag: 'port',
    variable: 'LONGSHORE_PORT',
    otherwise: 5000,
    withTls: 443,
    says: 'the port at which clients push and pull',
  },
  functionsPort: {
    flag: 'functions-port',
    variable: 'LONGSHORE_FUNCTIONS_PORT',
    otherwise: 7071,
    says: 'the port at which the Functions host serves the same registry',
  },
  state: {
    flag: 'state',
    variable: 'LONGSHORE_STATE',
    otherwise: '.longshore',
    says: 'the folder of all data',
  },
  auth: {
    flag: 'auth',
    variable: 'LONGSHORE_AUTH',
    otherwise: 'open',
    withTls: 'required',
    says: '"open", because the stack listens on loopback alone, or "required"',
  },
  subscribers: {
    flag: 'subscriber',
    variable: 'LONGSHORE_SUBSCRIBERS',
    otherwise: '',
    kind: 'list',
    says: 'a URL that gets every event as a CloudEvent',
  },
  tls: {
    flag: 'tls',
    variable: 'LONGSHORE_TLS',
    otherwise: false,
    kind: 'switch',
    says: 'serves clients with TLS, with a certificate that is created on this machine (docs/az.md)',
  },
  hosts: {
    flag: 'host',
    variable: 'LONGSHORE_HOSTS',
    otherwise: '',
    kind: 'list',
    says: 'another host name of this registry, beside those of the machine',
  },
  registries: {
    flag: 'registry',
    variable: 'LONGSHORE_LOCAL_REGISTRIES',
    otherwise: '',
    kind: 'list',
    says: 'NAME=HOST: a further registry, and a host name of it (docs/registries.md)',
  },
  logLevel: {
    flag: 'log-level',
    variable: 'LONGSHORE_LOG_LEVEL',
    otherwise: 'info',
    says: 'the least severe level in longshore.log',
  },
  regions: {
    flag: 'regions',
    variable: 'LONGSHORE_LOCAL_REGIONS',
    otherwise: 1,
    says: 'how many regions, each with a storage account of its own; their ports follow --port',
  },
  regionLag: {
    flag: 'region-lag',
    variable: 'LONGSHORE_REGION_LAG',
    otherwise: 200,
    says: 'the milliseconds by which the documents of other regions are behind',
  },
  cosmosPort: { variable: 'LONGSHORE_COSMOS_PORT', otherwise: 0, says: "the Cosmos DB emulator's port" },
  blobPort: { variable: 'LONGSHORE_BLOB_PORT', otherwise: 0, says: "Azurite's port for blobs" },
  queuePort: { variable: 'LONGSHORE_QUEUE_PORT', otherwise: 0, says: "Azurite's port for queues" },
  eventGridPort: { variable: 'LONGSHORE_EVENTGRID_PORT', otherwise: 0, says: "the Event Grid topic's port" },
  eventGridCode: {
    variable: 'LONGSHORE_EVENTGRID_CODE',
    otherwise: '',
    says: 'the key (?code=) that a separate Functions host requires of deliveries: its system key eventgrid_extension',
  },
};

type Program = 'start' | 'services';

/** `npm run services` has the ports that every tool knows; beside `npm start` they are free ones. */
const knownPorts: Partial<Record<keyof StackSettings, number>> = {
  cosmosPort: 8081,
  blobPort: 10_000,
  queuePort: 10_001,
  eventGridPort: 6_500,
};

const names = Object.keys(sources) as (keyof StackSettings)[];

/** Parses the settings. Throws an `Error` whose message names every fault by its flag and variable. */
export function parseSettings(
  program: Program,
  args: string[],
  environment: Readonly<Record<string, string | undefined>>,
): StackSettings {
  refuseFlagsOfNpm(program, environment);
  const given = flagsIn(program, args);
  const isTls = String(valueOf('tls', program, { given, environment })) === 'true';
  const parsed = settingsSchema.safeParse(
    Object.fromEntries(names.map((name) => [name, valueOf(name, program, { given, environment, isTls })])),
  );
  if (parsed.success) return parsed.data;
  throw new Error(
    parsed.error.issues
      .map(({ path: [name], message }) => `${flagName(name as keyof StackSettings)} ${message}`)
      .join('; '),
  );
}

/** Returns the text for `--help`; `undefined` if it is not requested. */
export function requestedHelp(program: Program, args: readonly string[]): string | undefined {
  return helpIn(commandOf(program), args);
}

/** Names a setting for a person: by its flag and its variable. */
export function flagName(name: keyof StackSettings): string {
  const { flag, variable } = sources[name];
  return flag === undefined ? variable : `--${flag} (${variable})`;
}

const callOf = (program: Program): string => (program === 'start' ? 'npm start' : 'npm run services');

const commands: Readonly<Record<Program, Pick<Command, 'does' | 'example'>>> = {
  start: {
    does: 'Runs all of Longshore on this machine, until it is stopped (docs/local.md).',
    example: 'npm start -- --port 5100 --state /var/tmp/registry',
  },
  services: {
    does: 'Runs Azurite, the Cosmos DB emulator and the Event Grid topic alone, for func start (docs/local.md).',
    example: 'npm run services -- --state /var/tmp/registry',
  },
};

function commandOf(program: Program): Command {
  const rows = names.map((name) => {
    const { flag, variable, says, withTls, kind } = sources[name];
    const otherwise = otherwiseOf(name, program);
    const shown = otherwise === '' ? 'none' : otherwise === 0 ? 'any free port' : String(otherwise);
    return [
      flag ?? `-${name}`,
      {
        ...(kind === 'switch' ? {} : { value: 'VALUE' }),
        isRepeatable: kind === 'list',
        variable,
        says: `${says} (${shown}${withTls === undefined ? '' : `; with --tls ${withTls}`})`,
      },
    ] as const;
  });
  return {
    call: callOf(program),
    ...commands[program],
    flags: Object.fromEntries(rows),
    notes: ['Each setting is a flag or an environment variable; a port of 0 takes any free one.'],
  };
}

type Given = Readonly<Record<string, unknown>>;

function flagsIn(program: Program, args: string[]): Given {
  const options = Object.fromEntries(
    names.flatMap((name) => {
      const { flag, kind } = sources[name];
      return flag === undefined
        ? []
        : [[flag, { type: kind === 'switch' ? ('boolean' as const) : ('string' as const), multiple: kind === 'list' }]];
    }),
  );
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const code = (error as { code?: string }).code;
    const why =
      code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL'
        ? `flags stand behind two dashes: ${callOf(program)} -- --port 5761`
        : (error as Error).message.split('. ')[0];
    throw new Error(`${why ?? ''}; ${pointerToHelp(commandOf(program))}`, { cause: error });
  }
}

/** Refuses flags without two dashes before them: npm keeps those for itself, and starts the stack without them. */
function refuseFlagsOfNpm(program: Program, environment: Readonly<Record<string, string | undefined>>): void {
  const taken = names.flatMap((name) => {
    const { flag } = sources[name];
    return flag !== undefined && environment[`npm_config_${flag.replaceAll('-', '_')}`] !== undefined
      ? [`--${flag}`]
      : [];
  });
  if (taken.length > 0)
    throw new Error(
      `npm kept ${taken.join(' and ')} for itself: flags stand behind two dashes, as in ${callOf(program)} -- ${taken[0] ?? ''} …`,
    );
}

function valueOf(
  name: keyof StackSettings,
  program: Program,
  {
    given,
    environment,
    isTls = false,
  }: {
    readonly given: Given;
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly isTls?: boolean;
  },
): unknown {
  const { flag, variable, kind, withTls } = sources[name];
  const byFlag = flag === undefined ? undefined : given[flag];
  const value = byFlag ?? (environment[variable] || ((isTls ? withTls : undefined) ?? otherwiseOf(name, program)));
  if (kind !== 'list' || Array.isArray(value)) return value;
  return typeof value !== 'string' || value === '' ? [] : value.split(',');
}

function otherwiseOf(name: keyof StackSettings, program: Program): string | number | boolean {
  return (program === 'services' ? knownPorts[name] : undefined) ?? sources[name].otherwise;
}

function wholeNumber(least: number, most: number) {
  return z.union([z.number(), z.string()]).transform((value, context) => {
    const number = typeof value === 'number' ? value : /^\d+$/.test(value) ? Number(value) : NaN;
    if (number >= least && number <= most) return number;
    context.addIssue({
      code: 'custom',
      message: `must be a whole number from ${least} to ${most}, not ${shown(value)}`,
    });
    return z.NEVER;
  });
}

function shown(value: unknown): string {
  return JSON.stringify(value);
}
