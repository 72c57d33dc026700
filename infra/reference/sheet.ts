import type { Setting } from './settings.ts';

/**
 * The chapters in the order of the page, with what stands in the common configuration. The settings of
 * `shared/features/NAME/settings.ts` are in the chapter of that name, or in one of their own at the end, without being
 * listed here; the sentence of such a chapter stands above them.
 */
const common: Readonly<Record<string, { readonly says?: string; readonly settings?: readonly string[] }>> = {
  registry: {
    settings: [
      'LONGSHORE_REGISTRY',
      'LONGSHORE_REGISTRIES',
      'LONGSHORE_PUBLIC_URL',
      'LONGSHORE_HOST_NAMES',
      'LONGSHORE_BLOBS',
      'LONGSHORE_SKU',
    ],
  },
  identity: {},
  secrets: {
    says: 'These settings seal the secrets that lie in documents ([deploying](../deploy.md)).',
    settings: ['LONGSHORE_SECRET_KEY', 'LONGSHORE_KEY_VAULT', 'LONGSHORE_SEALING_SECRET'],
  },
  events: {
    says: 'These settings are about events, and about requests to URLs that users give ([webhooks](../webhooks.md)).',
    settings: ['LONGSHORE_EVENT_SOURCE', 'LONGSHORE_OUTBOUND'],
  },
  collection: {
    settings: ['LONGSHORE_CLOCK_AHEAD_DAYS'],
  },
  usage: {},
  builds: {
    settings: [
      'LONGSHORE_RUNNER',
      'LONGSHORE_BUILD_ISOLATION',
      'LONGSHORE_BUILD_NETWORK',
      'LONGSHORE_BUILD_LIMITS',
      'LONGSHORE_BUILD_CGROUP',
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
    ...chapters
      .filter(({ says }) => !isSentence(says))
      .map(({ feature }) => `shared/features/${feature}/settings.ts has no sentence above its settings`),
    ...settings
      .filter(({ says }) => !isSentence(says))
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

function isSentence(text: string): boolean {
  return /^[A-Z][^.]* [^.]* .*\.$/.test(text);
}

interface Chapter {
  readonly feature: string;
  readonly says: string;
  readonly names: readonly string[];
}

function chaptersOf(settings: readonly Setting[]): Chapter[] {
  const own = new Map<string, { readonly says: string; readonly names: string[] }>();
  for (const { name, file, chapter } of settings) {
    const [, feature] = /^shared\/features\/([^/]+)\/settings\.ts$/.exec(file) ?? [];
    if (feature === undefined) continue;
    const known = own.get(feature) ?? { says: chapter, names: [] };
    own.set(feature, known);
    known.names.push(name);
  }
  return [...new Set([...Object.keys(common), ...own.keys()])].map((feature) => ({
    feature,
    says: common[feature]?.says ?? own.get(feature)?.says ?? '',
    names: [...(common[feature]?.settings ?? []), ...(own.get(feature)?.names ?? [])],
  }));
}

function rowOf({ name, says, isRequired, default: usual, values }: Setting): string {
  const shown = isRequired ? '**required**' : usual === undefined ? 'none' : `\`${usual}\``;
  const allowed = values.filter((value) => !says.includes(`\`${value}\``));
  const rest = allowed.length === 0 ? '' : ` One of ${values.map((value) => `\`${value}\``).join(', ')}.`;
  return `| \`${name}\` | ${shown} | ${says.replaceAll('|', '\\|')}${rest} |\n`;
}
