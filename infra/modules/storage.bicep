import { grant, roles } from '../roles.bicep'

param location string
param name string
@allowed(['Standard_LRS', 'Standard_ZRS'])
param sku string
@description('The containers, all of which are private.')
param containers string[]
param queues string[]
@description('The roles on the whole account.')
param grants grant[]
@description('The roles on one container each.')
param containerGrants { container: string, identity: string, role: string }[]
@description('The container whose blobs are deleted after 30 days; empty if there is none.')
param passing string
@description('The identity of the topic, whose dead letters are stored here; empty if none are.')
param deadLetterWriter string
@description('True if the account is reached through private endpoints alone.')
param private bool
@description('The addresses and networks that may reach the account; empty: all may, with a role or a signed URL.')
param ipRules string[]

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    supportsHttpsTrafficOnly: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: private || !empty(ipRules) ? 'Deny' : 'Allow'
      ipRules: [for address in ipRules: { value: address, action: 'Allow' }]
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: { deleteRetentionPolicy: { enabled: true, days: 7 }, containerDeleteRetentionPolicy: { enabled: true, days: 7 } }

    resource kept 'containers' = [for container in containers: {
      name: container
      properties: { publicAccess: 'None' }
    }]
  }

  resource queueServices 'queueServices' = if (!empty(queues)) {
    name: 'default'

    resource kept 'queues' = [for queue in queues: {
      name: queue
    }]
  }

  resource lifecycle 'managementPolicies' = if (!empty(passing)) {
    name: 'default'
    dependsOn: [blobs]
    properties: {
      policy: {
        rules: [
          {
            name: 'forget-${passing}'
            type: 'Lifecycle'
            enabled: true
            definition: { filters: { blobTypes: ['blockBlob'], prefixMatch: ['${passing}/'] }, actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } } } }
          }
        ]
      }
    }
  }
}

resource who 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [for each in grants: {
  name: each.identity
}]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (each, at) in grants: {
  name: guid(account.id, each.identity, each.role)
  scope: account
  properties: { principalId: who[at].properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[each.role]) }
}]

resource whose 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [for each in containerGrants: {
  name: each.identity
}]

resource containerAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (each, at) in containerGrants: {
  name: guid(account.id, each.container, each.identity, each.role)
  scope: account::blobs::kept[indexOf(containers, each.container)]
  properties: { principalId: whose[at].properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[each.role]) }
}]

resource deadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(passing)) {
  name: guid(account.id, passing, 'topic')
  scope: account::blobs::kept[indexOf(containers, empty(passing) ? containers[0] : passing)]
  properties: { principalId: deadLetterWriter, principalType: 'ServicePrincipal', roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Storage Blob Data Contributor']) }
}

output id string = account.id
output blobs string = account.properties.primaryEndpoints.blob
output queues string = account.properties.primaryEndpoints.queue
