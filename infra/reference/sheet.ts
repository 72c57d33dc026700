import type { Setting } from './settings.ts';

/**
 * The chapters of the common configuration: each with a sentence, in the order of the page. The settings of
 * `shared/features/NAME/settings.ts` are a chapter of their own without being listed here.
 */
const common: Readonly<Record<string, { readonly says: string; readonly settings: readonly string[] }>> = {
  registry: {
    says: 'These settings are about what clients push to and pull from.',
    settings: [
      'LONGSHORE_REGISTRY',
      'LONGSHORE_PUBLIC_URL',
      'LONGSHORE_HOST_NAMES',
      'LONGSHORE_TRUSTED_HOPS',
      'LONGSHORE_UPLOAD_KEY',
      'LONGSHORE_UPLOADS_URL',
      'LONGSHORE_BLOBS',
      'LONGSHORE_MANIFEST_CACHE_MIB',
      'LONGSHORE_SKU',
    ],
  },
  identity: {
    says: 'These settings say who may do what, and how often ([identities](../identities.md)).',
    settings: [
      'LONGSHORE_AUTH',
      'LONGSHORE_ADMIN_PASSWORD_HASH',
      'LONGSHORE_RATE_LIMITS',
      'LONGSHORE_IDENTITY_RATE_LIMITS',
    ],
  },
  secrets: {
    says: 'These settings seal the secrets that lie in documents ([deploying](../deploy.md)).',
    settings: ['LONGSHORE_SECRET_KEY', 'LONGSHORE_KEY_VAULT', 'LONGSHORE_SEALING_SECRET'],
  },
  events: {
    says: 'These settings are about events, and about requests to URLs that users give ([webhooks](../webhooks.md)).',
    settings: ['LONGSHORE_EVENT_SOURCE', 'LONGSHORE_OUTBOUND'],
  },
  purge: {
    says: 'These settings say when bytes that nothing needs are removed ([purge](../purge.md)).',
    settings: ['LONGSHORE_GRACE_HOURS', 'LONGSHORE_CLOCK_AHEAD_DAYS'],
  },
  usage: {
    says: 'These settings are about what is counted ([usage](../usage.md)).',
    settings: ['LONGSHORE_CLIENT_CLASSES', 'LONGSHORE_STORAGE_QUOTA_GIB'],
  },
  builds: {
    says: 'These settings are about rebuilds on updated bases ([rebuilds](../rebuilds.md)).',
    settings: [
      'LONGSHORE_RUNNER',
      'LONGSHORE_BUILD_ISOLATION',
      'LONGSHORE_BUILD_NETWORK',
      'LONGSHORE_BUILD_LIMITS',
      'LONGSHORE_BUILD_CGROUP',
      'LONGSHORE_BUILDS_AT_ONCE',
      'LONGSHORE_UPSTREAM_INTERVAL_MINUTES',
      'LONGSHORE_UPSTREAM_PER_MINUTE',
      'LONGSHORE_UPSTREAM_HOSTS',
      'LONGSHORE_MANAGEMENT_URL',
    ],
  },
  replication: {
    says: 'These settings name the regions of a deployment ([replication](../replication.md)).',
    settings: ['LONGSHORE_REGION', 'LONGSHORE_REGIONS'],
  },
  telemetry: {
    says: 'These settings are about logs and traces ([operations](../operations.md)).',
    settings: [
      'LONGSHORE_LOG_LEVEL',
      'LONGSHORE_LOG_FILE',
      'LONGSHORE_TRACED_SHARE',
      'APPLICATIONINSIGHTS_CONNECTION_STRING',
      'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
    ],
  },
  stores: {
    says: "These settings point the app at Azure's services, or at the local ones ([the local stack](../local.md)).",
    settings: [
      'COSMOS_ENDPOINT',
      'COSMOS_KEY',
      'COSMOS_DATABASE',
      'BLOB_ENDPOINT',
      'BLOB_CONNECTION_STRING',
      'BLOB_CONTAINER',
      'QUEUE_ENDPOINT',
      'QUEUE_CONNECTION_STRING',
      'EVENTGRID_ENDPOINT',
      'EVENTGRID_KEY',
      'AZURE_CLIENT_ID',
      'LONGSHORE_KEYS_IN_AZURE',
    ],
  },
};

const head = `# Configuration

Made by \`npm run -s reference\` from the settings' schemas; do not edit. Every setting is an environment variable, and an empty
one counts as absent. All are read once, at the start: a wrong value stops the app, which then names every fault and shows no
value. The flags of \`npm start\` are others: [the local stack](../local.md).
`;

/** Returns docs/reference/configuration.md. Throws an `Error` that names every setting without a feature or a sentence. */
export function sheetOf(settings: readonly Setting[]): string {
  const chapters = chaptersOf(settings);
  const listed = chapters.flatMap(({ names }) => names);
  const faults = [
    ...settings
      .filter(({ name }) => !listed.includes(name))
      .map(({ name, file }) => `${name} (${file}) has no feature in infra/reference/sheet.ts`),
    ...settings
      .filter(({ says }) => !/^[A-Z][^.]* [^.]* .*\.$/.test(says))
      .map(({ name, file }) => `${name} (${file}) has no sentence above it`),
    ...listed
      .filter((name) => !settings.some((setting) => setting.name === name))
      .map((name) => `${name} is in infra/reference/sheet.ts and in no schema`),
  ];
  if (faults.length > 0) throw new Error(faults.join('\n'));
  const byName = new Map(settings.map((setting) => [setting.name, setting]));
  return (
    head +
    chapters
      .map(({ feature, says, names }) => {
        const rows = names.flatMap((name) => byName.get(name) ?? []).map(rowOf);
        return `\n## ${feature}\n\n${says}\n\n| setting | default | what it does |\n| --- | --- | --- |\n${rows.join('')}`;
      })
      .join('')
  );
}

interface Chapter {
  readonly feature: string;
  readonly says: string;
  readonly names: readonly string[];
}

function chaptersOf(settings: readonly Setting[]): Chapter[] {
  const own = new Map<string, string[]>();
  for (const { name, file } of settings) {
    const [, feature] = /^shared\/features\/([^/]+)\/settings\.ts$/.exec(file) ?? [];
    if (feature !== undefined) own.set(feature, [...(own.get(feature) ?? []), name]);
  }
  const chapters = Object.entries(common).map(([feature, { says, settings: names }]) => ({
    feature,
    says,
    names: [...names, ...(own.get(feature) ?? [])],
  }));
  const others = [...own]
    .filter(([feature]) => !(feature in common))
    .map(([feature, names]) => ({ feature, says: `These settings are of the feature ${feature}.`, names }));
  return [...chapters, ...others];
}

function rowOf({ name, says, isRequired, default: usual, values }: Setting): string {
  const shown = isRequired ? '**required**' : usual === undefined ? 'none' : `\`${usual}\``;
  const allowed = values.filter((value) => !says.includes(`\`${value}\``));
  const rest = allowed.length === 0 ? '' : ` One of ${values.map((value) => `\`${value}\``).join(', ')}.`;
  return `| \`${name}\` | ${shown} | ${says.replaceAll('|', '\\|')}${rest} |\n`;
}
