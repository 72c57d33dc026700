param location string
param name string
@allowed(['flex', 'premium'])
param plan string
param identityId string
@description('The blob endpoint of the account with the package.')
param packageEndpoint string
@description('The memory of one instance in MiB.')
@allowed([512, 2048, 4096])
param instanceMemory int
param maxInstances int
@description('The addresses and networks that may send requests to the registry; empty: all may.')
param ipRules string[]
@description('True if clients use a private endpoint alone; Event Grid still delivers from outside.')
param private bool
@description('The subnet from which the app reaches private endpoints; empty if there is none.')
param subnetId string

resource farm 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: name
  location: location
  kind: plan == 'flex' ? 'functionapp' : 'elastic'
  sku: plan == 'flex' ? { tier: 'FlexConsumption', name: 'FC1' } : { tier: 'ElasticPremium', name: 'EP1' }
  properties: plan == 'flex' ? { reserved: true } : { reserved: true, maximumElasticWorkerCount: min(maxInstances, 100) }
}

var closed = private || !empty(ipRules)
var doors = closed
  ? union(
      [{ name: 'event-grid', priority: 100, action: 'Allow', tag: 'ServiceTag', ipAddress: 'AzureEventGrid' }],
      map(range(0, length(ipRules)), at => { name: 'allowed-${at}', priority: 200 + at, action: 'Allow', ipAddress: ipRules[at] })
    )
  : []

resource site 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  kind: 'functionapp,linux'
  tags: { 'azd-service-name': 'registry' }
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: farm.id
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      ipSecurityRestrictionsDefaultAction: closed ? 'Deny' : 'Allow'
      ipSecurityRestrictions: doors
      linuxFxVersion: plan == 'premium' ? 'NODE|22' : null
    }
    functionAppConfig: plan == 'premium'
      ? null
      : {
          deployment: { storage: { type: 'blobContainer', value: '${packageEndpoint}package', authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId } } }
          runtime: { name: 'node', version: '22' }
          scaleAndConcurrency: { instanceMemoryMB: instanceMemory, maximumInstanceCount: maxInstances, triggers: { http: { perInstanceConcurrency: 16 } } }
        }
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

output id string = site.id
output name string = site.name
output host string = site.properties.defaultHostName
