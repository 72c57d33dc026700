import { grant, roles } from '../roles.bicep'

param location string
param name string
param grants grant[]
@description('The days that logs and traces are kept.')
param retentionDays int

resource logs 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: '${name}-logs'
  location: location
  properties: { sku: { name: 'PerGB2018' }, retentionInDays: retentionDays, features: { disableLocalAuth: true } }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: name
  location: location
  kind: 'web'
  properties: { Application_Type: 'web', WorkspaceResourceId: logs.id, DisableLocalAuth: true }
}

resource who 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [for each in grants: {
  name: each.identity
}]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (each, at) in grants: {
  name: guid(insights.id, each.identity, each.role)
  scope: insights
  properties: { principalId: who[at].properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[each.role]) }
}]

output insightsId string = insights.id
output logsId string = logs.id
// Where to send to, and no credential: the resource takes identities alone.
output connectionString string = insights.properties.ConnectionString
