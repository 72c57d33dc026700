param name string
@description('The regions, the write region first. Serverless has one.')
param locations string[]
@allowed(['autoscale', 'serverless'])
param throughput string
@description('The most request units a second that the containers share, if throughput is autoscale.')
param maxThroughput int
@description('The names of the identities that read and write items.')
param identities string[]
@description('True if the account is reached through private endpoints alone.')
param private bool
@description('The addresses and networks that may reach the account; empty: all may, with a role.')
param ipRules string[]
@description('The containers of infra/cosmos-containers.json, which the local stack reads too.')
param database string
param containers { name: string, partitionKey: string[], defaultTtl: int, excludedPaths: string[]? }[]

resource account 'Microsoft.DocumentDB/databaseAccounts@2025-04-15' = {
  name: name
  location: locations[0]
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    disableLocalAuth: true
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
    enableMultipleWriteLocations: false
    enableAutomaticFailover: length(locations) > 1
    // 300 s and 100,000 writes are the least that Azure takes for several regions.
    consistencyPolicy: { defaultConsistencyLevel: 'BoundedStaleness', maxIntervalInSeconds: length(locations) > 1 ? 300 : 5, maxStalenessPrefix: length(locations) > 1 ? 100000 : 10 }
    locations: [for (location, priority) in locations: { locationName: location, failoverPriority: priority, isZoneRedundant: false }]
    capabilities: throughput == 'serverless' ? [{ name: 'EnableServerless' }] : []
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    ipRules: [for address in ipRules: { ipAddressOrRange: address }]
    backupPolicy: { type: 'Continuous', continuousModeProperties: { tier: 'Continuous7Days' } }
  }
}

resource sql 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2025-04-15' = {
  parent: account
  name: database
  properties: {
    resource: { id: database }
    options: throughput == 'autoscale' ? { autoscaleSettings: { maxThroughput: maxThroughput } } : {}
  }
}

resource tables 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2025-04-15' = [for container in containers: {
  parent: sql
  name: container.name
  properties: {
    resource: {
      id: container.name
      partitionKey: { paths: container.partitionKey, kind: length(container.partitionKey) > 1 ? 'MultiHash' : 'Hash', version: 2 }
      defaultTtl: container.defaultTtl
      // Every query orders by one property, which its own index serves.
      indexingPolicy: {
        indexingMode: 'consistent'
        automatic: true
        includedPaths: [{ path: '/*' }]
        excludedPaths: [for path in union(container.?excludedPaths ?? [], ['/"_etag"/?']): { path: path }]
      }
    }
  }
}]

resource who 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [for identity in identities: {
  name: identity
}]

// Cosmos DB Built-in Data Contributor: it reads and writes items, and makes no containers. The SDK reads the account before it reads a database.
resource assignments 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2025-04-15' = [for (identity, at) in identities: {
  parent: account
  name: guid(account.id, identity, 'Cosmos DB Built-in Data Contributor')
  properties: { principalId: who[at].properties.principalId, roleDefinitionId: '${account.id}/sqlRoleDefinitions/00000000-0000-0000-0000-000000000002', scope: account.id }
}]

output id string = account.id
output endpoint string = account.properties.documentEndpoint
