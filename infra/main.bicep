metadata description = 'Longshore in one resource group: docs/deploy.md.'

@description('Azure\'s names of the regions, as in westeurope. The first is where documents are written.')
@minLength(1)
param regions string[]

@description('The prefix of all names.')
@minLength(2)
@maxLength(10)
param name string = 'longshore'

@allowed(['basic', 'standard', 'premium'])
param sku string = 'standard'

@description('The plan: Flex Consumption, or Elastic Premium if a cloud has no Flex.')
@allowed(['flex', 'premium'])
param plan string = 'flex'

@description('The apps that receive requests: the Function Apps with a container app for uploads beside each, container apps alone, or the Function Apps alone, whose host holds bodies in memory (docs/deploy.md). Events, queues and timers are always the Function Apps\'.')
@allowed(['functions', 'containerApp', 'containerAppOnly'])
param dataPlane string = 'containerApp'

@description('The image of the container apps, which need it: built by the Dockerfile, and in a registry that Container Apps can pull from.')
param image string = ''

@description('The URL at which clients reach the registry, as in https://registry.example.com; empty: the host name from Azure.')
param publicUrl string = ''

@allowed(['autoscale', 'serverless'])
param throughput string = length(regions) == 1 ? 'serverless' : 'autoscale'

@description('The most request units a second of all containers together, if throughput is autoscale.')
@minValue(1000)
param maxThroughput int = 4000

@allowed(['Standard_LRS', 'Standard_ZRS'])
param storageSku string = 'Standard_LRS'

@allowed([512, 2048, 4096])
param instanceMemory int = 2048

@minValue(1)
@maxValue(1000)
param maxInstances int = 100

@description('The minutes that an upload to a container app may be idle.')
param uploadIdleMinutes int = 4

@description('A /24 network for each region; then stores are reached through private endpoints alone. Empty: there is none.')
param networks string[] = []

@description('The addresses and networks that may reach the registry and its bytes, as in 203.0.113.0/24; empty: all may, with credentials.')
param ipRules string[] = []

param retentionDays int = 30

@description('The mail address that gets alerts.')
param alertMail string = ''

@description('Further settings, from shared/app/config/config.ts, as in { LONGSHORE_GRACE_HOURS: \'48\' }.')
param settings { *: string } = {}

@description('Secrets of the vault that tasks and logins may name, without the prefix longshore-user-: as in [\'git\']. Each must be in the vault before (docs/deploy.md).')
param userSecrets string[] = []

@secure()
@description('The hash (scrypt:…) of the password of the user admin.')
param adminPasswordHash string = ''

// Three GUIDs are 366 random bits. Written once.
@secure()
param uploadKey string = base64('${newGuid()}${newGuid()}${newGuid()}')

@secure()
param sealingKey string = base64('${newGuid()}${newGuid()}${newGuid()}')

var unique = take(uniqueString(resourceGroup().id, name), 8)
var full = '${name}-${unique}'
var location = regions[0]
var private = !empty(networks)
var cosmosFile = loadJsonContent('cosmos-containers.json')
var queueFile = loadJsonContent('storage-queues.json')
var names = map(regions, region => '${full}-${region}')
var bytesContainer = 'registry'

// The Functions host holds a body with Content-Length in memory before the app sees it, four times over, and ends when that is too much. Where
// container apps take uploads no body is larger than a manifest (4 MiB); else it may have a sixth of the instance's memory.
var largestBody = dataPlane == 'functions' ? instanceMemory * 1048576 / 6 : 8388608

module identities 'modules/identities.bicep' = {
  params: { names: names, locations: regions }
}

module monitoring 'modules/monitoring.bicep' = {
  dependsOn: [identities]
  params: { location: location, name: full, retentionDays: retentionDays, grants: map(names, name => { identity: name, role: 'Monitoring Metrics Publisher' }) }
}

module vault 'modules/vault.bicep' = {
  dependsOn: [identities]
  params: {
    location: location
    name: '${name}-${unique}'
    private: private
    grants: map(names, name => { identity: name, role: 'Key Vault Secrets User' })
    uploadKey: uploadKey
    sealingKey: sealingKey
    adminPasswordHash: adminPasswordHash
    userSecrets: userSecrets
  }
}

module cosmos 'modules/cosmos.bicep' = {
  dependsOn: [identities]
  params: { name: full, locations: regions, throughput: throughput, maxThroughput: maxThroughput, private: private, ipRules: [], identities: names, database: cosmosFile.database, containers: cosmosFile.containers }
}

module topics 'modules/events.bicep' = [for (region, at) in regions: {
  dependsOn: [identities]
  params: { location: region, name: names[at], private: private, grants: [{ identity: names[at], role: 'EventGrid Data Sender' }] }
}]

// The bytes of images, which clients read by signed URLs. Apps read, copy and purge in every region.
module bytes 'modules/storage.bicep' = [for (region, at) in regions: {
  dependsOn: [identities]
  params: {
    location: region
    name: 'ls${uniqueString(resourceGroup().id, name, region)}b'
    sku: storageSku
    containers: [bytesContainer]
    queues: []
    passing: ''
    deadLetterWriter: ''
    private: private
    ipRules: ipRules
    grants: map(names, name => { identity: name, role: 'Storage Blob Delegator' })
    containerGrants: map(names, name => { container: bytesContainer, identity: name, role: 'Storage Blob Data Contributor' })
  }
}]

// What the Functions host keeps, the package, the queues and dead letters: no client ever comes here.
module work 'modules/storage.bicep' = [for (region, at) in regions: {
  dependsOn: [identities]
  params: {
    location: region
    name: 'ls${uniqueString(resourceGroup().id, name, region)}w'
    sku: storageSku
    containers: ['package', 'dead-letters']
    queues: queueFile.queues
    passing: 'dead-letters'
    private: private
    ipRules: []
    grants: concat(
      [
        { identity: names[at], role: 'Storage Blob Data Owner' }
        { identity: names[at], role: 'Storage Queue Data Contributor' }
      ],
      map(filter(names, name => name != names[at]), name => { identity: name, role: 'Storage Queue Data Message Sender' })
    )
    containerGrants: []
    deadLetterWriter: topics[at].outputs.principalId
  }
}]

// environment() has no suffix for these two.
var zones = {
  AzureCloud: { cosmos: 'privatelink.documents.azure.com', events: 'privatelink.eventgrid.azure.net' }
  AzureUSGovernment: { cosmos: 'privatelink.documents.azure.us', events: 'privatelink.eventgrid.azure.us' }
  AzureChinaCloud: { cosmos: 'privatelink.documents.azure.cn', events: 'privatelink.eventgrid.azure.cn' }
}[environment().name]
var storageSuffix = environment().suffixes.storage
var vaultZone = 'privatelink${replace(environment().suffixes.keyvaultDns, '.vault.', '.vaultcore.')}'

module network 'modules/network.bicep' = [for (region, at) in regions: if (private) {
  params: { location: region, name: names[at], addressPrefix: networks[at], plan: plan }
}]

module zone 'modules/zones.bicep' = if (private) {
  dependsOn: [network]
  params: {
    networks: names
    zones: ['privatelink.blob.${storageSuffix}', 'privatelink.queue.${storageSuffix}', zones.cosmos, zones.events, vaultZone]
  }
}

// A zone has one address for a name: what all regions share is reached in the first, and each store in its own.
module endpoints 'modules/endpoints.bicep' = [for (region, at) in regions: if (private) {
  dependsOn: [zone]
  params: {
    location: region
    network: names[at]
    endpoints: concat(
      [
        { name: 'bytes', id: bytes[at].outputs.id, part: 'blob', zone: 'privatelink.blob.${storageSuffix}' }
        { name: 'work', id: work[at].outputs.id, part: 'blob', zone: 'privatelink.blob.${storageSuffix}' }
        { name: 'queues', id: work[at].outputs.id, part: 'queue', zone: 'privatelink.queue.${storageSuffix}' }
        { name: 'events', id: topics[at].outputs.id, part: 'topic', zone: zones.events }
      ],
      at > 0
        ? []
        : [
            { name: 'documents', id: cosmos.outputs.id, part: 'Sql', zone: zones.cosmos }
            { name: 'secrets', id: vault.outputs.id, part: 'vault', zone: vaultZone }
          ]
    )
  }
}]

module functions 'modules/functions.bicep' = [for (region, at) in regions: {
  params: {
    location: region
    name: names[at]
    plan: plan
    identityId: identities.outputs.ids[at]
    packageEndpoint: work[at].outputs.blobs
    instanceMemory: instanceMemory
    maxInstances: maxInstances
    ipRules: ipRules
    private: private || dataPlane == 'containerAppOnly'
    subnetId: private ? network[at].?outputs.?functionsSubnetId ?? '' : ''
  }
}]

var secrets = concat(
  [{ name: 'LONGSHORE_UPLOAD_KEY', secret: 'longshore-upload-key', url: '${vault.outputs.uri}secrets/longshore-upload-key' }],
  empty(adminPasswordHash) ? [] : [{ name: 'LONGSHORE_ADMIN_PASSWORD_HASH', secret: 'longshore-admin-password-hash', url: '${vault.outputs.uri}secrets/longshore-admin-password-hash' }]
)

module common 'modules/common-settings.bicep' = [for (region, at) in regions: {
  params: {
    region: region
    settings: union(
      {
        LONGSHORE_REGISTRY: 'default'
        LONGSHORE_AUTH: 'required'
        LONGSHORE_SKU: sku
        LONGSHORE_KEY_VAULT: vault.outputs.uri
        LONGSHORE_SEALING_SECRET: 'longshore-sealing-key'
        APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identities.outputs.clientIds[at]};Authorization=AAD'
        AZURE_CLIENT_ID: identities.outputs.clientIds[at]
        COSMOS_ENDPOINT: cosmos.outputs.endpoint
        COSMOS_DATABASE: cosmosFile.database
        BLOB_ENDPOINT: bytes[at].outputs.blobs
        BLOB_CONTAINER: bytesContainer
        QUEUE_ENDPOINT: work[at].outputs.queues
        EVENTGRID_ENDPOINT: topics[at].outputs.endpoint
        LONGSHORE_EVENT_SOURCE: topics[at].outputs.id
        LONGSHORE_MANAGEMENT_URL: environment().resourceManager
      },
      settings
    )
    regions: [for (each, of) in regions: { name: each, blobs: bytes[of].outputs.blobs, queues: work[of].outputs.queues, cosmos: each }]
  }
}]

module uploads 'modules/uploads.bicep' = [for (region, at) in regions: if (dataPlane != 'functions') {
  params: {
    location: region
    name: take('${name}-${region}', 32)
    publicUrl: !empty(publicUrl) ? publicUrl : dataPlane == 'containerApp' ? 'https://${functions[at].outputs.host}' : ''
    identityId: identities.outputs.ids[at]
    image: !empty(image) ? image : fail('image is empty: name the container image that takes uploads (docs/container.md), or set dataPlane to functions, which takes no body above a sixth of instanceMemory')
    settings: common[at].outputs.settings
    secrets: secrets
    logsId: monitoring.outputs.logsId
    maxReplicas: min(maxInstances, 100)
    ipRules: ipRules
    idleMinutes: uploadIdleMinutes
    subnetId: private ? network[at].?outputs.?uploadsSubnetId ?? '' : ''
    private: private
  }
}]

module domains 'modules/domain.bicep' = [for (region, at) in regions: if (private && dataPlane != 'functions') {
  dependsOn: [network]
  params: {
    // Azure chooses the domain when the environment is made: no what-if can know it.
    #disable-next-line what-if-short-circuiting
    domain: uploads[at].?outputs.?domain ?? ''
    address: uploads[at].?outputs.?address ?? ''
    networks: names
  }
}]

module appSettings 'modules/settings.bicep' = [for (region, at) in regions: {
  params: {
    site: names[at]
    plan: plan
    secrets: secrets
    settings: union(
      common[at].outputs.settings,
      {
        AzureWebJobsStorage__blobServiceUri: work[at].outputs.blobs
        AzureWebJobsStorage__queueServiceUri: work[at].outputs.queues
        AzureWebJobsStorage__credential: 'managedidentity'
        AzureWebJobsStorage__clientId: identities.outputs.clientIds[at]
        FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: string(largestBody)
        // The host takes 32 KiB of headers, and Node 16: what lies between would reach no function.
        NODE_OPTIONS: '--max-http-header-size=65536'
        // A page of Microsoft's at / otherwise.
        AzureWebJobsDisableHomepage: 'true'
        LONGSHORE_PUBLIC_URL: !empty(publicUrl) ? publicUrl : dataPlane == 'containerAppOnly' ? uploads[at].?outputs.?origin ?? '' : 'https://${functions[at].outputs.host}'
      },
      dataPlane == 'functions' ? {} : { LONGSHORE_UPLOADS_URL: uploads[at].?outputs.?origin ?? '' }
    )
  }
}]

module alerts 'modules/alerts.bicep' = {
  params: { location: location, name: full, insightsId: monitoring.outputs.insightsId, cosmosId: cosmos.outputs.id, mail: alertMail }
}

@description('The resources of each region, in the order of the regions; deploy reads them.')
output sites string[] = [for at in range(0, length(regions)): functions[at].outputs.name]
output topicIds string[] = [for at in range(0, length(regions)): topics[at].outputs.id]
output workStorageIds string[] = [for at in range(0, length(regions)): work[at].outputs.id]
output loginServer string = !empty(publicUrl) ? publicUrl : dataPlane == 'containerAppOnly' ? uploads[0].?outputs.?origin ?? '' : 'https://${functions[0].outputs.host}'
@description('The apps that receive uploads, and the largest body of a request to the Function Apps, in bytes; deploy warns by it.')
output dataPlane string = dataPlane
output largestBody int = largestBody
