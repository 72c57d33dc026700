import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { infraText, ofType, predicted, samples } from './snapshot.ts';

const config = readFileSync(new URL('../../shared/config.ts', import.meta.url), 'utf8');
const parsed = [...config.matchAll(/^ {4}([A-Z][A-Z_]+): /gm)].map(([, name = '']) => name);

/** Why the templates leave a setting alone; `settings` of main.bicep sets any of them. */
const leftAlone: Readonly<Record<string, string>> = {
  LONGSHORE_BLOBS: 'redirects are the default',
  LONGSHORE_CLIENT_CLASSES: 'names of one\'s own clients',
  LONGSHORE_STORAGE_QUOTA_GIB: 'what the SKU includes',
  LONGSHORE_MANIFEST_CACHE_MIB: 'fits every size of instance',
  LONGSHORE_SECRET_KEY: 'a key: the vault seals',
  LONGSHORE_KEYS_IN_AZURE: 'keys are refused',
  LONGSHORE_GRACE_HOURS: 'a day is the default',
  LONGSHORE_RATE_LIMITS: 'the SKU\'s',
  LONGSHORE_IDENTITY_RATE_LIMITS: 'the SKU\'s',
  LONGSHORE_RUNNER: 'no instance has buildah',
  LONGSHORE_BUILDS_AT_ONCE: 'fits one deployment',
  LONGSHORE_UPSTREAM_INTERVAL_MINUTES: 'hourly',
  LONGSHORE_UPSTREAM_PER_MINUTE: 'fits one deployment',
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

/** Names that the templates give to the Function App of a region. */
function settingsOf(sample: (typeof samples)[number]): string {
  return JSON.stringify(ofType(predicted(sample), 'Microsoft.Web/sites/config').map(({ properties }) => properties));
}

const templates = ['main.bicep', 'modules/common-settings.bicep', 'modules/settings.bicep', 'modules/uploads.bicep'].map(infraText).join('\n').replace(/@description\(.*/g, '');

describe('a setting of the app', () => {
  it.each(parsed)('%s is set by the templates, or left alone for a reason', (name) => {
    const isSet = new RegExp(`\\b${name}\\b`).test(templates);
    expect(isSet).toBe(!(name in leftAlone));
  });

  it('is looked at whole', () => expect(parsed.length).toBeGreaterThan(30));
});

describe('what is written of a deployment', () => {
  it.each(samples)('%s holds no key and no connection string in its settings', (sample) => {
    const settings = settingsOf(sample);
    expect(settings).toContain('AzureWebJobsStorage__queueServiceUri');
    expect(settings).not.toMatch(/AccountKey|SharedAccess|listKeys|_CONNECTION_STRING'(?<!APPLICATIONINSIGHTS_CONNECTION_STRING')|COSMOS_KEY|EVENTGRID_KEY/);
    expect(settings).toContain('@Microsoft.KeyVault(SecretUri=');
  });

  it('asks for no key anywhere, so that no output can hold one', () => {
    for (const template of ['main', 'subscriptions']) expect(infraText(`compiled/${template}.json`)).not.toMatch(/list(Keys|AccountSas|ServiceSas|ConnectionStrings|Secrets)/i);
  });

  it('names no host of a cloud but the zones of two services, which environment() does not know', () => {
    const hosts = infraText('compiled/main.json').match(/[a-z0-9.-]+\.(windows\.net|azure\.(com|net|us|cn)|azurewebsites\.\w+|chinacloudapi\.cn|usgovcloudapi\.net)\b/g) ?? [];
    expect(new Set(hosts.filter((host) => !host.startsWith('privatelink.') && !/schema\.management/.test(host)))).toEqual(new Set());
    expect(new Set(hosts.filter((host) => host.startsWith('privatelink.'))).size).toBe(6);
  });
});
