import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../shared/adapters/documentrules.ts';
import { containerNames } from '../../shared/core/ports/documents.ts';
import { evaluate } from './expression.ts';
import { infraText, ofType, predicted, samples } from './snapshot.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = globSync(['functions/**/*.ts', 'shared/**/*.ts'], { cwd: root }).map((path) =>
  readFileSync(root + path, 'utf8'),
);

function lastNames(sample: (typeof samples)[number], type: string): string[] {
  return ofType(predicted(sample), type).map(({ name }) => name.split('/').at(-1) ?? '');
}

interface CosmosContainer {
  readonly resource: {
    readonly id: string;
    readonly partitionKey: { readonly paths: string[]; readonly kind: string; readonly version: number };
    readonly defaultTtl: number;
    readonly indexingPolicy: { readonly excludedPaths: { readonly path: string }[] };
  };
}

describe.each(samples)('what %s deploys', (sample) => {
  const resources = predicted(sample);
  const regions = { oneregion: 1, threeregions: 3, privatenetwork: 1, containerapps: 2 }[sample];

  it('has the containers of documents that the code names, with their keys, and no others', () => {
    const containers = ofType<CosmosContainer>(
      resources,
      'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers',
    ).map(({ properties }) => properties.resource);
    expect(containers.map(({ id }) => id).sort()).toEqual([...containerNames].sort());
    for (const { id, partitionKey, defaultTtl } of containers) {
      const { keyPaths } = layoutOf(id as (typeof containerNames)[number]);
      expect(partitionKey).toEqual({
        paths: keyPaths.map((path) => `/${path}`),
        kind: keyPaths.length > 1 ? 'MultiHash' : 'Hash',
        version: 2,
      });
      // Documents die by their own ttl, which needs one of the container.
      expect(defaultTtl).toBe(id === 'deliveries' ? 30 * 24 * 3600 : -1);
    }
  });

  it('indexes every property, so that any one order of a query is served', () => {
    const containers = ofType<CosmosContainer>(
      resources,
      'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers',
    );
    for (const { properties } of containers)
      expect(properties.resource.indexingPolicy).toEqual({
        indexingMode: 'consistent',
        automatic: true,
        includedPaths: [{ path: '/*' }],
        excludedPaths: [{ path: '/"_etag"/?' }],
      });
  });

  it('keeps documents in one write region, at bounded staleness, without keys', () => {
    const [account] = ofType<Record<string, unknown>>(resources, 'Microsoft.DocumentDB/databaseAccounts');
    expect(account?.properties).toMatchObject({
      disableLocalAuth: true,
      enableMultipleWriteLocations: false,
      enableAutomaticFailover: regions > 1,
      consistencyPolicy: { defaultConsistencyLevel: 'BoundedStaleness' },
    });
    expect(account?.properties.locations).toHaveLength(regions);
  });

  it('opens no storage by a key, nor a container to everybody', () => {
    const accounts = ofType<object>(resources, 'Microsoft.Storage/storageAccounts');
    expect(accounts).toHaveLength(2 * regions);
    for (const { properties } of accounts)
      expect(properties).toMatchObject({
        allowSharedKeyAccess: false,
        allowBlobPublicAccess: false,
        minimumTlsVersion: 'TLS1_2',
        supportsHttpsTrafficOnly: true,
      });
    for (const { properties } of ofType<object>(resources, 'Microsoft.Storage/storageAccounts/blobServices/containers'))
      expect(properties).toEqual({ publicAccess: 'None' });
  });

  it('closes topic and traces to keys, and takes CloudEvents', () => {
    for (const { properties } of ofType<object>(resources, 'Microsoft.EventGrid/topics'))
      expect(properties).toMatchObject({ inputSchema: 'CloudEventSchemaV1_0', disableLocalAuth: true });
    for (const { properties } of ofType<object>(resources, 'Microsoft.Insights/components'))
      expect(properties).toMatchObject({ DisableLocalAuth: true });
  });
});

describe('queues', () => {
  const queues = lastNames('oneregion', 'Microsoft.Storage/storageAccounts/queueServices/queues').sort();

  it('are those that triggers read, each with its poison queue', () => {
    const read = sources.flatMap((text) =>
      [...text.matchAll(/queueName: '([^']+)'/g)].map(([, name = '']) => name.replace(/-poison$/, '')),
    );
    expect(queues).toEqual([...new Set(read)].flatMap((name) => [name, `${name}-poison`]).sort());
  });
});

interface Endpoint {
  readonly privateLinkServiceConnections: {
    readonly properties: { readonly privateLinkServiceId: string; readonly groupIds: string[] };
  }[];
}

describe.each(['privatenetwork', 'containerapps'] as const)("a network of one's own, as %s has it", (sample) => {
  const resources = predicted(sample);
  const networks = ofType<object>(resources, 'Microsoft.Network/virtualNetworks');
  const zones = ofType(resources, 'Microsoft.Network/privateDnsZones').map(({ name }) => name);
  const links = ofType<{ virtualNetwork: { id: string } }>(
    resources,
    'Microsoft.Network/privateDnsZones/virtualNetworkLinks',
  );

  it('closes every store to the public, and reaches each by a private endpoint', () => {
    const stores = [
      'Microsoft.Storage/storageAccounts',
      'Microsoft.DocumentDB/databaseAccounts',
      'Microsoft.EventGrid/topics',
      'Microsoft.KeyVault/vaults',
    ].flatMap((type) => ofType<object>(resources, type));
    for (const { properties } of stores) expect(properties).toMatchObject({ publicNetworkAccess: 'Disabled' });
    const reached = ofType<Endpoint>(resources, 'Microsoft.Network/privateEndpoints').flatMap(({ properties }) =>
      properties.privateLinkServiceConnections.map(
        ({ properties: { privateLinkServiceId, groupIds } }) => `${privateLinkServiceId} ${groupIds.join()}`,
      ),
    );
    expect(new Set(reached.map((each) => each.split(' ')[0]))).toEqual(new Set(stores.map(({ id }) => id)));
    // A second one of a part would write another address under the same name.
    expect(new Set(reached).size).toBe(reached.length);
  });

  it('declares each zone once, and lets every network know its names', () => {
    expect(new Set(zones).size).toBe(zones.length);
    expect(links).toHaveLength(zones.length * networks.length);
    for (const { id } of networks)
      expect(links.filter(({ properties }) => properties.virtualNetwork.id === id)).toHaveLength(zones.length);
  });

  it('has a way from every network to every other', () => {
    const peerings = ofType<{ remoteVirtualNetwork: { id: string } }>(
      resources,
      'Microsoft.Network/virtualNetworks/virtualNetworkPeerings',
    ).map(
      ({ id, properties }) => `${id.split('/virtualNetworkPeerings/')[0] ?? ''} ${properties.remoteVirtualNetwork.id}`,
    );
    const ways = networks.flatMap((from) =>
      networks.filter(({ id }) => id !== from.id).map(({ id }) => `${from.id} ${id}`),
    );
    expect(peerings.sort()).toEqual(ways.sort());
  });

  it('finds container apps that answer inside it alone, by any name of their environment', () => {
    const inside = ofType<{ vnetConfiguration: { internal: boolean } }>(
      resources,
      'Microsoft.App/managedEnvironments',
    ).filter(({ properties }) => properties.vnetConfiguration.internal);
    const wildcards = ofType<{ aRecords: { ipv4Address: string }[] }>(resources, 'Microsoft.Network/privateDnsZones/A');
    expect(wildcards.map(({ properties }) => evaluate(properties.aRecords[0]?.ipv4Address ?? ''))).toEqual(
      inside.map(({ name }) => `<Microsoft.App/managedEnvironments/${name}.staticIp>`),
    );
    expect(wildcards.map(({ name }) => evaluate(name))).toEqual(
      inside.map(({ name }) => `<Microsoft.App/managedEnvironments/${name}.defaultDomain>/*`),
    );
  });
});

describe('dead letters', () => {
  it.each(samples)('of %s are forgotten after 30 days, and nothing else is', (sample) => {
    const policies = ofType<{ policy: { rules: { definition: unknown }[] } }>(
      predicted(sample),
      'Microsoft.Storage/storageAccounts/managementPolicies',
    );
    expect(policies.length).toBe(ofType(predicted(sample), 'Microsoft.EventGrid/topics').length);
    for (const { properties } of policies)
      expect(properties.policy.rules.map(({ definition }) => definition)).toEqual([
        {
          filters: { blobTypes: ['blockBlob'], prefixMatch: ['dead-letters/'] },
          actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } } },
        },
      ]);
  });
});

describe('subscriptions to events', () => {
  it('are made of the file that the local stack reads, for functions that exist', () => {
    const compiled = JSON.parse(infraText('compiled/subscriptions.json')) as {
      resources: Record<string, { properties: { template: { variables: { '$fxv#0': unknown } } } }>;
    };
    const file = JSON.parse(infraText('event-subscriptions.json')) as {
      subscriptions: { destination: { function: string }; deadLetter: { container: string } }[];
    };
    expect(Object.values(compiled.resources)[0]?.properties.template.variables['$fxv#0']).toEqual(file);
    const registered = sources.flatMap((text) =>
      [...text.matchAll(/app\.eventGrid\('([^']+)'/g)].map(([, name]) => name),
    );
    expect(file.subscriptions.map(({ destination }) => destination.function).sort()).toEqual(registered.sort());
    const containers = lastNames('oneregion', 'Microsoft.Storage/storageAccounts/blobServices/containers');
    for (const { deadLetter } of file.subscriptions) expect(containers).toContain(deadLetter.container);
  });
});
