import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BadConfiguration, parseConfig } from '../../../../shared/app/config/config.ts';

const { Values: sample } = JSON.parse(
  readFileSync(new URL('../../../../local.settings.sample.json', import.meta.url), 'utf8'),
) as { Values: Record<string, string> };
const mark = 'a1b2';

/** As the templates set them: an identity for everything. */
const identityOnly: Record<string, string> = {
  ...sample,
  AzureWebJobsStorage: '',
  AzureWebJobsStorage__queueServiceUri: 'https://acme.queue.core.windows.net',
  LONGSHORE_AUTH: 'required',
  COSMOS_ENDPOINT: 'https://acme.documents.azure.com:443/',
  COSMOS_KEY: '',
  BLOB_CONNECTION_STRING: '',
  BLOB_ENDPOINT: 'https://acme.blob.core.windows.net',
  QUEUE_CONNECTION_STRING: '',
  QUEUE_ENDPOINT: 'https://acme.queue.core.windows.net',
  EVENTGRID_ENDPOINT: 'https://acme.westeurope-1.eventgrid.azure.net/api/events',
  EVENTGRID_KEY: '',
};

function faults(settings: Record<string, string>): string[] {
  try {
    parseConfig(settings);
    return [];
  } catch (error) {
    if (!(error instanceof BadConfiguration)) throw error;
    return error.message.split('\n').slice(1);
  }
}

describe.each(['WEBSITE_INSTANCE_ID', 'CONTAINER_APP_NAME'])('in Azure, known by %s', (name) => {
  const inAzure = (settings: Record<string, string>) => faults({ ...settings, [name]: mark });

  it('the app starts where an identity opens everything', () => {
    expect(inAzure(identityOnly)).toEqual([]);
  });

  it.each(['COSMOS_KEY', 'BLOB_CONNECTION_STRING', 'QUEUE_CONNECTION_STRING', 'EVENTGRID_KEY', 'AzureWebJobsStorage'])(
    'the app refuses %s alone, and does not repeat it',
    (key) => {
      const [fault, ...rest] = inAzure({ ...identityOnly, [key]: 'AccountKey=hush' });
      expect(fault).toMatch(new RegExp(`${key} has a key, which is refused in Azure: .+LONGSHORE_KEYS_IN_AZURE=allow`));
      expect(fault).not.toContain('hush');
      expect(rest).toEqual([]);
    },
  );

  it('the app refuses the local settings with every fault at once, wrong values among them', () => {
    const told = inAzure({ ...sample, LONGSHORE_SKU: 'gold' });
    for (const wrong of [
      'LONGSHORE_SKU',
      'COSMOS_KEY',
      'BLOB_CONNECTION_STRING',
      'QUEUE_CONNECTION_STRING',
      'EVENTGRID_KEY',
      'AzureWebJobsStorage',
      'COSMOS_ENDPOINT must be https',
      'EVENTGRID_ENDPOINT must be https',
      'LONGSHORE_AUTH must be "required"',
    ]) {
      expect(
        told.filter((line) => line.includes(wrong)),
        wrong,
      ).toHaveLength(1);
    }
  });

  it('the app refuses connection strings of other regions', () => {
    const regions = [
      {
        name: 'local',
        blobs: 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hush',
        queues: 'https://acme.queue.core.windows.net',
      },
    ];
    expect(inAzure({ ...identityOnly, LONGSHORE_REGIONS: JSON.stringify(regions) })).toEqual([
      expect.stringContaining('LONGSHORE_REGIONS has a connection string'),
    ]);
  });

  it('the app takes all of them when it is told to', () => {
    expect(inAzure({ ...sample, LONGSHORE_KEYS_IN_AZURE: 'allow' })).toEqual([]);
  });
});

describe('a reference to Key Vault that the platform left as it is', () => {
  it('is no key: it is named, not used', () => {
    const reference = '@Microsoft.KeyVault(SecretUri=https://acme.vault.azure.net/secrets/longshore-upload-key)';
    expect(faults({ ...identityOnly, LONGSHORE_UPLOAD_KEY: reference })).toContainEqual(
      expect.stringContaining('LONGSHORE_UPLOAD_KEY is a Key Vault reference that was not resolved'),
    );
  });
});

describe('elsewhere', () => {
  it('keys are taken', () => {
    expect(faults(sample)).toEqual([]);
    expect(faults({ ...sample, WEBSITE_INSTANCE_ID: '', CONTAINER_APP_NAME: '' })).toEqual([]);
  });
});
