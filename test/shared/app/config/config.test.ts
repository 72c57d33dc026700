import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../../infra/reference/settings.ts';
import { BadConfiguration, parseConfig, sealingSettings } from '../../../../shared/app/config/config.ts';
import { settingsOf } from '../../../../shared/app/config/settings-of.ts';

const { Values: sample } = JSON.parse(
  readFileSync(new URL('../../../../local.settings.sample.json', import.meta.url), 'utf8'),
) as { Values: Record<string, string> };

/**
 * The sample must hold all common settings, whatever has no default, and what it always showed of features: a feature's
 * own setting with a default needs no place there.
 */
const root = fileURLToPath(new URL('../../../..', import.meta.url));
const shownOfFeatures = [
  'LONGSHORE_CLIENT_CLASSES',
  'LONGSHORE_STORAGE_QUOTA_GIB',
  'LONGSHORE_MANIFEST_CACHE_MIB',
  'LONGSHORE_UPLOADS_URL',
  'LONGSHORE_ADMIN_PASSWORD_HASH',
  'LONGSHORE_RATE_LIMITS',
  'LONGSHORE_IDENTITY_RATE_LIMITS',
  'LONGSHORE_TRUSTED_HOPS',
  'LONGSHORE_GRACE_HOURS',
  'LONGSHORE_BUILDS_AT_ONCE',
  'LONGSHORE_UPSTREAM_INTERVAL_MINUTES',
  'LONGSHORE_UPSTREAM_PER_MINUTE',
  'LONGSHORE_UPSTREAM_HOSTS',
];
const parsedNames = [
  ...readSettings(root)
    .filter(({ file, isRequired }) => file.startsWith('shared/app/config/') || isRequired)
    .map(({ name }) => name),
  ...shownOfFeatures,
];

describe('the settings', () => {
  it('are all in local.settings.sample.json, with values that the app accepts', () => {
    expect(parsedNames.length).toBeGreaterThan(12);
    expect(Object.keys(sample)).toEqual(expect.arrayContaining(parsedNames));
    expect(parseConfig(sample)).toMatchObject({
      LONGSHORE_REGISTRY: 'default',
      COSMOS_ENDPOINT: 'http://127.0.0.1:8081/',
    });
  });

  it('are refused with every fault at once, and no value is repeated', () => {
    const faulty = {
      ...sample,
      LONGSHORE_REGION: 'Not A Region',
      LONGSHORE_UPLOAD_KEY: 'c2hvcnQ=',
      LONGSHORE_AUTH: 'whatever',
      COSMOS_ENDPOINT: '',
      BLOB_CONNECTION_STRING: '',
    };
    const message = (() => {
      try {
        parseConfig(faulty);
      } catch (error) {
        if (error instanceof BadConfiguration) return error.message;
      }
      return 'accepted';
    })();
    for (const name of ['LONGSHORE_REGION', 'LONGSHORE_UPLOAD_KEY', 'LONGSHORE_AUTH', 'COSMOS_ENDPOINT is missing'])
      expect(message).toContain(name);
    expect(message).not.toContain('c2hvcnQ=');
    expect(message).not.toContain('Not A Region');
  });

  it('must say where blobs are, by connection string or by endpoint', () => {
    expect(() => parseConfig({ ...sample, BLOB_CONNECTION_STRING: '' })).toThrow(
      /BLOB_ENDPOINT or BLOB_CONNECTION_STRING/,
    );
  });

  it('let the clock run ahead only where Cosmos DB is on this machine', () => {
    expect(parseConfig({ ...sample, LONGSHORE_CLOCK_AHEAD_DAYS: '40' }).LONGSHORE_CLOCK_AHEAD_DAYS).toBe(40);
    for (const endpoint of [
      'https://longshore.documents.azure.com:443/',
      'http://localhost.example/',
      'https://127.0.0.1.example/',
      'http://10.0.0.4:8081/',
    ]) {
      expect(() => parseConfig({ ...sample, COSMOS_ENDPOINT: endpoint, LONGSHORE_CLOCK_AHEAD_DAYS: '40' })).toThrow(
        /LONGSHORE_CLOCK_AHEAD_DAYS may be set only where/,
      );
      expect(parseConfig({ ...sample, COSMOS_ENDPOINT: endpoint }).LONGSHORE_CLOCK_AHEAD_DAYS).toBe(0);
    }
  });

  it('that require credentials must hold the key that seals, and nothing else makes up for it', () => {
    expect(() => parseConfig({ ...sample, LONGSHORE_AUTH: 'required', LONGSHORE_SECRET_KEY: '' })).toThrow(
      /LONGSHORE_SECRET_KEY or LONGSHORE_KEY_VAULT must be set/,
    );
    expect(settingsOf(parseConfig({ ...sample, LONGSHORE_AUTH: 'required' })).auth).toMatchObject({
      mode: 'required',
      sku: 'standard',
      rateLimits: { registry: 'sku', identity: 'sku' },
    });
    expect(settingsOf(parseConfig(sample)).auth).toEqual({ mode: 'open', sku: 'standard' });
  });

  it('that name a vault need no other key, and say which of its secrets seals', () => {
    const vault = {
      ...sample,
      LONGSHORE_AUTH: 'required',
      LONGSHORE_KEY_VAULT: 'https://images.vault.azure.net/',
      LONGSHORE_SEALING_SECRET: '',
    };
    expect(sealingSettings(parseConfig({ ...vault, LONGSHORE_SECRET_KEY: '' }))).toEqual({
      secret: 'longshore-sealing-key',
    });
    expect(sealingSettings(parseConfig({ ...vault, LONGSHORE_SEALING_SECRET: 'own' }))).toEqual({
      secret: 'own',
      key: Buffer.from(sample.LONGSHORE_SECRET_KEY ?? '', 'base64'),
    });
    expect(sealingSettings(parseConfig(sample))).not.toHaveProperty('secret');
  });

  it('take rate limits from the SKU, from three numbers, or not at all', () => {
    const limits = (settings: Record<string, string>) => {
      const auth = settingsOf(parseConfig({ ...sample, LONGSHORE_AUTH: 'required', ...settings })).auth;
      return auth.mode === 'required' ? auth.rateLimits : undefined;
    };
    expect(limits({ LONGSHORE_IDENTITY_RATE_LIMITS: '3/2/1' })).toEqual({
      registry: 'sku',
      identity: { read: 3, write: 2, delete: 1 },
    });
    expect(limits({ LONGSHORE_RATE_LIMITS: 'off', LONGSHORE_IDENTITY_RATE_LIMITS: 'off' })).toEqual({});
  });

  it('open networks to the URLs of users one by one', () => {
    const opened = (value: string) => parseConfig({ ...sample, LONGSHORE_OUTBOUND: value }).LONGSHORE_OUTBOUND;
    expect([opened(''), opened('public'), opened('loopback,10.1.0.0/16')]).toEqual([
      [],
      [],
      ['127.0.0.0/8', '::1/128', '10.1.0.0/16'],
    ]);
  });

  it.each([
    ['LONGSHORE_RATE_LIMITS', '10/0/1'],
    ['LONGSHORE_IDENTITY_RATE_LIMITS', 'many'],
    ['LONGSHORE_PUBLIC_URL', 'https://images.example/path'],
    ['LONGSHORE_PUBLIC_URL', 'ftp://images.example'],
    ['LONGSHORE_ADMIN_PASSWORD_HASH', 'a password in the clear'],
    ['LONGSHORE_SECRET_KEY', 'c2hvcnQ='],
    ['LONGSHORE_OUTBOUND', 'everything'],
    ['LONGSHORE_KEY_VAULT', 'http://images.vault.azure.net'],
    ['LONGSHORE_KEY_VAULT', 'https://images.vault.azure.net/secrets/a'],
    ['LONGSHORE_SEALING_SECRET', 'a/b'],
    ['LONGSHORE_TRACED_SHARE', '1.5'],
    ['APPLICATIONINSIGHTS_CONNECTION_STRING', 'InstrumentationKey=1;IngestionEndpoint=https://x.example/'],
    [
      'APPLICATIONINSIGHTS_CONNECTION_STRING',
      'InstrumentationKey=11111111-2222-3333-4444-555555555555;IngestionEndpoint=http://x.example/',
    ],
    ['APPLICATIONINSIGHTS_AUTHENTICATION_STRING', 'Key'],
    ['LONGSHORE_OUTBOUND', 'public,loopback'],
    ['LONGSHORE_OUTBOUND', 'loopback,10.0.0.0'],
  ])('are refused when %s is %j', (name, value) => {
    expect(() => parseConfig({ ...sample, [name]: value })).toThrow(name);
  });

  it('have no default for who may do what', () => {
    expect(() => parseConfig({ ...sample, LONGSHORE_AUTH: '' })).toThrow(/LONGSHORE_AUTH/);
  });

  it('takes the regions of a deployment, and says what is wrong with them without saying their values', () => {
    const regions = [
      {
        name: 'weu',
        blobs: 'https://weu.blob.example',
        queues: 'AccountName=weu;AccountKey=c2VjcmV0',
        cosmos: 'West Europe',
      },
      { name: 'neu', blobs: 'https://neu.blob.example', queues: 'https://neu.queue.example' },
    ];
    const parse = (value: unknown) =>
      parseConfig({
        ...sample,
        LONGSHORE_REGION: 'weu',
        LONGSHORE_REGIONS: typeof value === 'string' ? value : JSON.stringify(value),
      });
    expect(parse(regions).LONGSHORE_REGIONS).toMatchObject([
      {
        name: 'weu',
        blobs: { endpoint: 'https://weu.blob.example' },
        queues: { connectionString: 'AccountName=weu;AccountKey=c2VjcmV0' },
      },
      { name: 'neu' },
    ]);
    expect(() => parse([regions[1]])).toThrow('LONGSHORE_REGIONS must name LONGSHORE_REGION too');
    expect(() => parse([...regions, regions[0]])).toThrow('names a region twice');
    expect(() => parse([{ ...regions[0], name: 'West Europe' }])).toThrow('0.name must be 1 to 40 lower-case letters');
    for (const wrong of ['weu,neu', '[]', '{}', [{ ...regions[0], secret: 'c2VjcmV0' }]])
      expect(() => parse(wrong)).toThrow(/^(?!.*c2VjcmV0).*must be a JSON array/s);
  });
});
