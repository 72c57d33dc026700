import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../infra/reference/settings.ts';
import type { Cloud } from './expression.ts';
import { clouds, evaluate } from './expression.ts';
import { infraText, ofType, predicted, samples } from './snapshot.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The settings of what builds on a machine of one's own are left out: no instance of the templates has buildah. */
const settings = readSettings(root).filter(({ file }) => !file.startsWith('shared/adapters/'));
const parsed = settings.map(({ name }) => name);
/** Says whether a feature has a default of its own for the setting. */
const hasOwnDefault = (name: string) =>
  settings.some((each) => each.name === name && !each.isRequired && each.file.startsWith('shared/features/'));
/**
 * The settings of features with a default that the templates set all the same. Without this list nobody would notice a
 * row that is taken out of them; a feature whose settings the templates leave alone needs none.
 */
const setAllTheSame = ['LONGSHORE_ADMIN_PASSWORD_HASH', 'LONGSHORE_TRUSTED_HOPS', 'LONGSHORE_UPLOADS_URL'];

/** Why the templates leave a setting alone; `settings` of main.bicep sets any of them. */
const leftAlone: Readonly<Record<string, string>> = {
  LONGSHORE_BLOBS: 'redirects are the default',
  LONGSHORE_CLIENT_CLASSES: "names of one's own clients",
  LONGSHORE_STORAGE_QUOTA_GIB: 'what the SKU includes',
  LONGSHORE_MANIFEST_CACHE_MIB: 'fits every size of instance',
  LONGSHORE_SECRET_KEY: 'a key: the vault seals',
  LONGSHORE_KEYS_IN_AZURE: 'keys are refused',
  LONGSHORE_GRACE_HOURS: 'a day is the default',
  LONGSHORE_HOST_NAMES: 'credentials are required, whatever the name',
  LONGSHORE_REGISTRIES: "one's own registries and hosts (docs/registries.md)",
  LONGSHORE_RATE_LIMITS: "the SKU's",
  LONGSHORE_IDENTITY_RATE_LIMITS: "the SKU's",
  LONGSHORE_RUNNER: 'no instance has buildah',
  LONGSHORE_BUILDS_AT_ONCE: 'fits one deployment',
  LONGSHORE_UPSTREAM_INTERVAL_MINUTES: 'hourly',
  LONGSHORE_UPSTREAM_PER_MINUTE: 'fits one deployment',
  LONGSHORE_UPSTREAM_HOSTS: 'the public registries',
  LONGSHORE_OUTBOUND: 'public addresses alone',
  LONGSHORE_LOG_FILE: 'Azure collects standard output',
  LONGSHORE_LOG_LEVEL: 'info',
  LONGSHORE_TRACED_SHARE: 'everything',
  LONGSHORE_CLOCK_AHEAD_DAYS: 'refused in Azure',
  COSMOS_KEY: 'a key',
  BLOB_CONNECTION_STRING: 'a key',
  QUEUE_CONNECTION_STRING: 'a key',
  EVENTGRID_KEY: 'a key',
};

/** The settings that the Functions host, Node and the SDKs read. */
const ofOthers = new RegExp(
  `^(${[
    'AzureWebJobsDisableHomepage',
    'AzureWebJobsStorage__(blobServiceUri|queueServiceUri|credential|clientId)',
    'FUNCTIONS_(REQUEST_BODY_SIZE_LIMIT|EXTENSION_VERSION|WORKER_RUNTIME)',
    'AZURE_CLIENT_ID',
    'NODE_OPTIONS',
  ].join('|')})$`,
);
const fromVault = new RegExp(
  [
    String.raw`^@Microsoft\.KeyVault\(SecretUri=`,
    String.raw`<Microsoft\.(KeyVault\/vaults\/|Resources\/deployments\/vault-)\S+>secrets\/longshore-|^secret longshore-`,
  ].join(''),
);

type Sample = (typeof samples)[number];
type Settings = Readonly<Record<string, string>>;

/** Returns the settings of each region's Function App. */
function settingsOf(sample: Sample, cloud?: Cloud): Settings[] {
  return ofType<string>(predicted(sample), 'Microsoft.Web/sites/config').map(
    ({ properties }) => evaluate(properties, cloud, { adminPasswordHash: 'scrypt:a:b' }) as Settings,
  );
}

/** Returns the settings of each region's container app; a secret has its name in the vault. */
function uploadsSettingsOf(sample: Sample): Settings[] {
  const apps = ofType<{ template: { containers: { env: string }[] } }>(
    predicted(sample),
    'Microsoft.App/containerApps',
  );
  return apps.map(({ properties }) => {
    const env = evaluate(properties.template.containers[0]?.env ?? '', undefined, {
      adminPasswordHash: 'scrypt:a:b',
      name: 'longshore',
      publicUrl: 'https://registry.example.com',
    }) as { name: string; value?: string; secretRef?: string }[];
    return Object.fromEntries(env.map(({ name, value, secretRef }) => [name, value ?? `secret ${secretRef ?? ''}`]));
  });
}

const everywhere = samples.flatMap((sample) => [...settingsOf(sample), ...uploadsSettingsOf(sample)]);

describe('a setting of the app', () => {
  it.each(parsed)('%s is set by the templates, or left alone for a reason', (name) => {
    const isSet = everywhere.some((each) => name in each);
    const isWanted = hasOwnDefault(name) ? setAllTheSame.includes(name) : !(name in leftAlone);
    expect(isSet).toBe(isWanted);
  });

  it('is looked at whole, and there is an app in each region', () => {
    expect(parsed.length).toBeGreaterThan(30);
    expect(samples.map((sample) => [settingsOf(sample).length, uploadsSettingsOf(sample).length])).toEqual([
      [1, 1],
      [3, 3],
      [1, 0],
      [2, 2],
    ]);
  });

  it('is one that the app, its host or its SDKs read', () => {
    const names = new Set(everywhere.flatMap((settings) => Object.keys(settings)));
    expect([...names].filter((name) => !parsed.includes(name) && !ofOthers.test(name))).toEqual([]);
  });

  it('has a value, and each region one of its own where that is called for', () => {
    for (const settings of everywhere) expect(Object.entries(settings).filter(([, value]) => value === '')).toEqual([]);
    for (const name of [
      'LONGSHORE_REGION',
      'BLOB_ENDPOINT',
      'QUEUE_ENDPOINT',
      'EVENTGRID_ENDPOINT',
      'AZURE_CLIENT_ID',
      'AzureWebJobsStorage__queueServiceUri',
    ])
      expect(new Set(settingsOf('threeregions').map((settings) => settings[name])).size).toBe(3);
    for (const name of [
      'COSMOS_ENDPOINT',
      'LONGSHORE_KEY_VAULT',
      'LONGSHORE_UPLOAD_KEY',
      'LONGSHORE_REGIONS',
      'LONGSHORE_PUBLIC_URL',
    ])
      expect(new Set(settingsOf('threeregions').map((settings) => settings[name])).size).toBe(1);
  });
});

describe('the largest body that a Function App takes', () => {
  const limits = (sample: Sample) => [
    ...new Set(settingsOf(sample).map((settings) => Number(settings['FUNCTIONS_REQUEST_BODY_SIZE_LIMIT']))),
  ];

  it("is a sixth of the instance's memory where it takes uploads itself: the host holds four times a body", () => {
    expect(samples.filter((sample) => uploadsSettingsOf(sample).length === 0).flatMap(limits)).toEqual([357_913_941]);
  });

  it('is a few MiB more than a manifest where container apps take them', () => {
    const [limit = 0, ...others] = new Set(
      samples.filter((sample) => uploadsSettingsOf(sample).length > 0).flatMap(limits),
    );
    expect([limit > 4 * 1024 ** 2, limit <= 16 * 1024 ** 2, others]).toEqual([true, true, []]);
  });

  it('is that of container apps unless somebody chooses otherwise, and uploads are sent there', () => {
    const { parameters } = JSON.parse(infraText('compiled/main.json')) as {
      parameters: Record<string, { defaultValue?: string }>;
    };
    expect(parameters['dataPlane']?.defaultValue).toBe('containerApp');
    for (const settings of samples
      .filter((each) => uploadsSettingsOf(each).length > 0)
      .flatMap((sample) => settingsOf(sample))) {
      expect(settings['LONGSHORE_UPLOADS_URL']).toMatch(
        /^https:\/\/<Microsoft\.App\/containerApps\/longshore-\w+\.configuration\.ingress\.fqdn>$/,
      );
    }
  });

  it('costs nothing where nobody pushes: its container apps go away', () => {
    const scales = samples.flatMap((sample) =>
      ofType<{ template: { scale: { minReplicas: number } } }>(predicted(sample), 'Microsoft.App/containerApps').map(
        ({ properties }) => properties.template.scale.minReplicas,
      ),
    );
    expect(scales).toEqual(scales.map(() => 0));
    expect(scales.length).toBeGreaterThan(4);
  });
});

describe('the Functions host', () => {
  it.each(samples)(
    "of %s shows no page of Microsoft's, and its worker takes the headers that the host takes",
    (sample) => {
      for (const settings of settingsOf(sample))
        expect(settings).toMatchObject({
          AzureWebJobsDisableHomepage: 'true',
          NODE_OPTIONS: '--max-http-header-size=65536',
        });
    },
  );

  it('has no time limit for functions, as the two plans of the templates allow: a layer may take longer than half an hour', () => {
    expect(JSON.parse(readFileSync(new URL('../../host.json', import.meta.url), 'utf8'))).toMatchObject({
      functionTimeout: '-1',
    });
    expect(readFileSync(new URL('../../functions/triggers.ts', import.meta.url), 'utf8')).toContain(
      "import './guarded.ts';",
    );
  });
});

describe('what is written of a deployment', () => {
  it("holds no key, no connection string and no password in its settings: what is secret is the vault's", () => {
    for (const settings of everywhere) {
      for (const [name, value] of Object.entries(settings))
        expect(`${name}=${value}`).not.toMatch(
          /AccountKey|SharedAccess|list(Keys|AccountSas)|scrypt:|CONNECTION_STRING=(?!<Microsoft\.Insights)|_KEY=(?!@|secret )/,
        );
      for (const name of ['LONGSHORE_UPLOAD_KEY', 'LONGSHORE_ADMIN_PASSWORD_HASH'])
        expect(settings[name]).toMatch(fromVault);
      expect(settings['LONGSHORE_AUTH']).toBe('required');
    }
  });

  it('asks for no key anywhere, so that no output can hold one', () => {
    for (const template of ['main', 'subscriptions'])
      expect(infraText(`compiled/${template}.json`)).not.toMatch(
        /list(Keys|AccountSas|ServiceSas|ConnectionStrings|Secrets)/i,
      );
  });

  it('gives names and addresses out, and no secret among its outputs or between its modules', () => {
    const main = JSON.parse(infraText('compiled/main.json')) as Template;
    expect(Object.keys(main.outputs ?? {}).sort()).toEqual([
      'dataPlane',
      'largestBody',
      'loginServer',
      'sites',
      'topicIds',
      'workStorageIds',
    ]);
    const all = templatesIn(main);
    expect(all.length).toBeGreaterThan(12);
    for (const { outputs = {}, parameters = {} } of all) {
      const secrets = Object.entries(parameters)
        .filter(([, { type }]) => /^secure/i.test(type))
        .map(([name]) => name);
      for (const output of Object.values(outputs))
        for (const name of secrets) expect(JSON.stringify(output)).not.toContain(`parameters('${name}')`);
    }
    // The one connection string is that of Application Insights, which takes telemetry from an identity alone.
    expect(
      all
        .flatMap(({ outputs = {} }) => Object.keys(outputs))
        .filter((name) => /key|secret|password|connection/i.test(name)),
    ).toEqual(['connectionString']);
  });
});

interface Template {
  readonly parameters?: Readonly<Record<string, { readonly type: string }>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly resources?: Readonly<Record<string, { readonly properties?: { readonly template?: Template } }>>;
}

/** It, and those of its modules. */
function templatesIn(template: Template): Template[] {
  return [
    template,
    ...Object.values(template.resources ?? {}).flatMap(({ properties }) =>
      properties?.template === undefined ? [] : templatesIn(properties.template),
    ),
  ];
}

describe.each(Object.keys(clouds) as Cloud[])('in %s', (cloud) => {
  /** As Azure's list of private DNS zones has them. */
  const known = {
    AzureCloud: [
      'blob.core.windows.net',
      'queue.core.windows.net',
      'documents.azure.com',
      'eventgrid.azure.net',
      'vaultcore.azure.net',
    ],
    AzureUSGovernment: [
      'blob.core.usgovcloudapi.net',
      'queue.core.usgovcloudapi.net',
      'documents.azure.us',
      'eventgrid.azure.us',
      'vaultcore.usgovcloudapi.net',
    ],
    AzureChinaCloud: [
      'blob.core.chinacloudapi.cn',
      'queue.core.chinacloudapi.cn',
      'documents.azure.cn',
      'eventgrid.azure.cn',
      'vaultcore.azure.cn',
    ],
  }[cloud];

  it("stores have the cloud's own names in private networks", () => {
    const zones = ofType(predicted('privatenetwork'), 'Microsoft.Network/privateDnsZones').map(({ name }) =>
      evaluate(name, cloud),
    );
    expect(zones.sort()).toEqual(known.map((zone) => `privatelink.${zone}`).sort());
  });

  it('settings say nothing of another cloud', () => {
    for (const settings of samples.flatMap((sample) => settingsOf(sample, cloud)))
      expect(JSON.stringify(settings).replaceAll(clouds[cloud].resourceManager, '')).not.toMatch(
        /windows\.net|azure\.(com|net|us|cn)|usgovcloudapi|chinacloudapi/,
      );
  });

  it('no host is written by hand, but the zones of the two services that environment() does not know', () => {
    const hosts =
      infraText('compiled/main.json').match(
        /[a-z0-9.-]+\.(windows\.net|azure\.(com|net|us|cn)|azurewebsites\.\w+|chinacloudapi\.cn|usgovcloudapi\.net)\b/g,
      ) ?? [];
    expect(
      new Set(hosts.filter((host) => !host.startsWith('privatelink.') && !/schema\.management/.test(host))),
    ).toEqual(new Set());
    expect(new Set(hosts.filter((host) => host.startsWith('privatelink.'))).size).toBe(6);
  });
});
