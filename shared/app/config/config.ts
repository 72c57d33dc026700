import { z } from 'zod';
import { blobOrigin } from '../../adapters/buildah/settings.ts';
import { defined } from '../../core/documents/defined.ts';
import type { Parsed } from '../../core/feature/feature.ts';
import { isAboutNumber } from '../../core/feature/number-setting.ts';
import type { SealingSettings } from '../../core/secrets/sealing-keys.ts';
import type { identitySettings } from '../../features/identity/settings.ts';
import { features } from '../features.ts';
import { refusedInAzure, unresolvedReferences } from './azure.ts';
import type { commonSettings } from './common.ts';
import { faultsOfRegistries } from './registries.ts';

export { allHostNamesOf, hostNamesOf } from './registries.ts';

function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}

/** The settings that are checked together, once each is right by itself. */
type Together = Parsed<typeof commonSettings & typeof identitySettings>;

const rules: readonly {
  readonly path: keyof Together;
  readonly error: string;
  readonly holds: (settings: Together) => boolean;
}[] = [
  {
    path: 'LONGSHORE_SECRET_KEY',
    error: 'or LONGSHORE_KEY_VAULT must be set when LONGSHORE_AUTH is "required"',
    holds: (settings) =>
      settings.LONGSHORE_AUTH === 'open' ||
      (settings.LONGSHORE_SECRET_KEY ?? settings.LONGSHORE_KEY_VAULT) !== undefined,
  },
  {
    path: 'LONGSHORE_CLOCK_AHEAD_DAYS',
    error: 'may be set only where COSMOS_ENDPOINT is on this machine (127.0.0.1, localhost or [::1])',
    holds: (settings) => settings.LONGSHORE_CLOCK_AHEAD_DAYS === 0 || isLoopback(settings.COSMOS_ENDPOINT),
  },
  {
    path: 'LONGSHORE_REGIONS',
    error: 'must name LONGSHORE_REGION too',
    holds: (settings) => settings.LONGSHORE_REGIONS?.some(({ name }) => name === settings.LONGSHORE_REGION) ?? true,
  },
  {
    path: 'BLOB_ENDPOINT',
    error: 'or BLOB_CONNECTION_STRING must be set',
    holds: (settings) => (settings.BLOB_CONNECTION_STRING ?? settings.BLOB_ENDPOINT) !== undefined,
  },
  {
    path: 'QUEUE_ENDPOINT',
    error: 'or QUEUE_CONNECTION_STRING must be set',
    holds: (settings) => (settings.QUEUE_CONNECTION_STRING ?? settings.QUEUE_ENDPOINT) !== undefined,
  },
];

/** Names every fault of the settings at once, and never a value: it may be a secret. */
export class BadConfiguration extends Error {
  override readonly name = 'BadConfiguration';

  constructor(faults: readonly string[]) {
    super(`the settings are wrong:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns what parses the environment by these schemas, the common ones and those of identity among them. */
export function parsing<S extends typeof commonSettings & typeof identitySettings>(shape: S) {
  const schema = z.object(shape).superRefine((parsed, context) => {
    for (const { path, error, holds } of rules)
      if (!holds(parsed as unknown as Together)) context.addIssue({ code: 'custom', path: [path], message: error });
    for (const message of faultsOfRegistries(parsed as unknown as Together))
      context.addIssue({ code: 'custom', path: ['LONGSHORE_REGISTRIES'], message });
  });
  return (environment: Environment) => {
    const given = Object.fromEntries(
      Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
    );
    const parsed = schema.safeParse(given);
    const refused = [...refusedInAzure(given), ...unresolvedReferences(given)];
    if (parsed.success && refused.length === 0) return parsed.data;
    const faults = parsed.error?.issues ?? [];
    throw new BadConfiguration([
      ...faults.map((issue) => `${issue.path.join('.')} ${faultOf(issue, given)}`),
      ...refused,
    ]);
  };
}

/** Parses the environment. An empty value counts as absent. Throws `BadConfiguration`. */
export const parseConfig = parsing(features.settings);

export type Config = ReturnType<typeof parseConfig>;

/** A value may be a secret, so only that of a number is shown. */
function faultOf(issue: z.core.$ZodIssue, given: Environment): string {
  const value = given[String(issue.path[0])];
  if (value === undefined && issue.code === 'invalid_type') return 'is missing';
  return value !== undefined && isAboutNumber(issue) ? `${issue.message}, not "${value}"` : issue.message;
}

/**
 * Says how blobs reach clients. Any region's storage counts, because a blob that is not here yet is redirected to where it
 * lies.
 */
export function blobDelivery({
  LONGSHORE_BLOBS: given,
  LONGSHORE_PUBLIC_URL: publicUrl,
  LONGSHORE_REGIONS: regions = [],
  BLOB_CONNECTION_STRING: connectionString,
  BLOB_ENDPOINT: endpoint,
}: Config): 'redirect' | 'proxy' {
  if (given !== undefined || publicUrl?.protocol !== 'https:') return given ?? 'redirect';
  return [{ connectionString, endpoint }, ...regions.map(({ blobs }) => blobs)].some(isPlain) ? 'proxy' : 'redirect';
}

function isPlain(account: Parameters<typeof blobOrigin>[0]): boolean {
  return (
    account.connectionString?.includes('UseDevelopmentStorage=true') === true || blobOrigin(account).startsWith('http:')
  );
}

/** Returns the settings of what seals secrets that lie in documents. */
export function sealingSettings(config: Config): SealingSettings {
  return {
    ...defined({
      key: config.LONGSHORE_SECRET_KEY,
      secret: config.LONGSHORE_KEY_VAULT === undefined ? undefined : config.LONGSHORE_SEALING_SECRET,
    }),
  };
}
