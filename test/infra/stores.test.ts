import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { containerNames } from '../../shared/ports/documents.ts';
import { layoutOf } from '../../shared/adapters/documentrules.ts';
import { infraText, ofType, predicted, samples } from './snapshot.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = globSync(['functions/**/*.ts', 'shared/**/*.ts'], { cwd: root }).map((path) => readFileSync(root + path, 'utf8'));

function lastNames(sample: (typeof samples)[number], type: string): string[] {
  return ofType(predicted(sample), type).map(({ name }) => name.split('/').at(-1) ?? '');
}

interface CosmosContainer {
  readonly resource: { readonly id: string; readonly partitionKey: { readonly paths: string[]; readonly kind: string; readonly version: number }; readonly defaultTtl: number; readonly indexingPolicy: { readonly excludedPaths: { readonly path: string }[] } };
}

describe.each(samples)('what %s deploys', (sample) => {
  const resources = predicted(sample);

  it('has the containers of documents that the code names, with their keys, and no others', () => {
    const containers = ofType<CosmosContainer>(resources, 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers').map(({ properties }) => properties.resource);
    expect(containers.map(({ id }) => id).sort()).toEqual([...containerNames].sort());
    for (const { id, partitionKey, defaultTtl } of containers) {
      const { keyPaths } = layoutOf(id as (typeof containerNames)[number]);
      expect(partitionKey).toEqual({ paths: keyPaths.map((path) => `/${path}`), kind: keyPaths.length > 1 ? 'MultiHash' : 'Hash', version: 2 });
      // Documents die by their own ttl, which needs one of the container.
      expect(defaultTtl).toBe(id === 'deliveries' ? 30 * 24 * 3600 : -1);
    }
  });

  it('indexes every property, so that any one order of a query is served', () => {
    const containers = ofType<CosmosContainer>(resources, 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers');
    for (const { properties } of containers) expect(properties.resource.indexingPolicy).toEqual({ indexingMode: 'consistent', automatic: true, includedPaths: [{ path: '/*' }], excludedPaths: [{ path: '/"_etag"/?' }] });
  });

  it('keeps documents in one write region, at bounded staleness, without keys', () => {
    const [account] = ofType<Record<string, unknown>>(resources, 'Microsoft.DocumentDB/databaseAccounts');
    const regions = sample === 'threeregions' ? 3 : 1;
    expect(account?.properties).toMatchObject({ disableLocalAuth: true, enableMultipleWriteLocations: false, enableAutomaticFailover: regions > 1, consistencyPolicy: { defaultConsistencyLevel: 'BoundedStaleness' } });
    expect(account?.properties.locations).toHaveLength(regions);
  });

  it('opens no storage by a key, nor a container to everybody', () => {
    const accounts = ofType<object>(resources, 'Microsoft.Storage/storageAccounts');
    expect(accounts).toHaveLength(sample === 'threeregions' ? 6 : 2);
    for (const { properties } of accounts) expect(properties).toMatchObject({ allowSharedKeyAccess: false, allowBlobPublicAccess: false, minimumTlsVersion: 'TLS1_2', supportsHttpsTrafficOnly: true });
    for (const { properties } of ofType<object>(resources, 'Microsoft.Storage/storageAccounts/blobServices/containers')) expect(properties).toEqual({ publicAccess: 'None' });
  });

  it('closes topic and traces to keys, and takes CloudEvents', () => {
    for (const { properties } of ofType<object>(resources, 'Microsoft.EventGrid/topics')) expect(properties).toMatchObject({ inputSchema: 'CloudEventSchemaV1_0', disableLocalAuth: true });
    for (const { properties } of ofType<object>(resources, 'Microsoft.Insights/components')) expect(properties).toMatchObject({ DisableLocalAuth: true });
  });
});

describe('queues', () => {
  const queues = lastNames('oneregion', 'Microsoft.Storage/storageAccounts/queueServices/queues').sort();

  it('are those that triggers read, each with its poison queue', () => {
    const read = sources.flatMap((text) => [...text.matchAll(/queueName: '([^']+)'/g)].map(([, name = '']) => name.replace(/-poison$/, '')));
    expect(queues).toEqual([...new Set(read)].flatMap((name) => [name, `${name}-poison`]).sort());
  });
});

describe('a network of one\'s own', () => {
  it('closes every store to the public, and reaches each by a private endpoint', () => {
    const resources = predicted('privatenetwork');
    const stores = ['Microsoft.Storage/storageAccounts', 'Microsoft.DocumentDB/databaseAccounts', 'Microsoft.EventGrid/topics', 'Microsoft.KeyVault/vaults'].flatMap((type) => ofType<object>(resources, type));
    for (const { properties } of stores) expect(properties).toMatchObject({ publicNetworkAccess: 'Disabled' });
    const reached = ofType<{ privateLinkServiceConnections: { properties: { privateLinkServiceId: string } }[] }>(resources, 'Microsoft.Network/privateEndpoints').map(({ properties }) => properties.privateLinkServiceConnections[0]?.properties.privateLinkServiceId);
    expect(new Set(reached)).toEqual(new Set(stores.map(({ id }) => id)));
  });
});

describe('subscriptions to events', () => {
  it('are made of the file that the local stack reads, for functions that exist', () => {
    const compiled = JSON.parse(infraText('compiled/subscriptions.json')) as { resources: Record<string, { properties: { template: { variables: { '$fxv#0': unknown } } } }> };
    const file = JSON.parse(infraText('event-subscriptions.json')) as { subscriptions: { destination: { function: string }; deadLetter: { container: string } }[] };
    expect(Object.values(compiled.resources)[0]?.properties.template.variables['$fxv#0']).toEqual(file);
    const registered = sources.flatMap((text) => [...text.matchAll(/app\.eventGrid\('([^']+)'/g)].map(([, name]) => name));
    expect(file.subscriptions.map(({ destination }) => destination.function).sort()).toEqual(registered.sort());
    const containers = lastNames('oneregion', 'Microsoft.Storage/storageAccounts/blobServices/containers');
    for (const { deadLetter } of file.subscriptions) expect(containers).toContain(deadLetter.container);
  });
});
