import { grant, roles } from '../roles.bicep'

param location string
param name string
param grants grant[]
@description('True if events are published through private endpoints alone.')
param private bool

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: name
  location: location
  // Writes dead letters: with a firewall before the storage, no other identity gets through.
  identity: { type: 'SystemAssigned' }
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
  }
}

resource who 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [for each in grants: {
  name: each.identity
}]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (each, at) in grants: {
  name: guid(topic.id, each.identity, each.role)
  scope: topic
  properties: { principalId: who[at].properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[each.role]) }
}]

output id string = topic.id
output endpoint string = topic.properties.endpoint
output principalId string = topic.identity.principalId
