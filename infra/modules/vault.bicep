import { grant, roles } from '../roles.bicep'

param location string
param name string
param grants grant[]
@description('True if the vault is reached through private endpoints alone.')
param private bool
@secure()
param uploadKey string
@secure()
param sealingKey string
@secure()
@description('The password hash of the user admin; empty if there is none.')
param adminPasswordHash string
@description('The secrets that tasks and logins may name, without longshore-user-; each is in the vault already.')
param userSecrets string[]

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: private ? 'Deny' : 'Allow' }
  }
}

// Written once: a later deployment leaves them, or each would end the uploads that are under way.
@onlyIfNotExists()
resource upload 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = {
  parent: vault
  name: 'longshore-upload-key'
  properties: { value: uploadKey }
}

@onlyIfNotExists()
resource sealing 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = {
  parent: vault
  name: 'longshore-sealing-key'
  properties: { value: sealingKey }
}

@onlyIfNotExists()
resource admin 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = if (!empty(adminPasswordHash)) {
  parent: vault
  name: 'longshore-admin-password-hash'
  properties: { value: adminPasswordHash }
}

resource who 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [for each in grants: {
  name: each.identity
}]

// On single secrets, not on the vault: whatever else lies there is nobody's who takes over an app.
resource uploadAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (each, at) in grants: {
  name: guid(upload.id, each.identity, each.role)
  scope: upload
  properties: { principalId: who[at].properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[each.role]) }
}]

resource sealingAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (each, at) in grants: {
  name: guid(sealing.id, each.identity, each.role)
  scope: sealing
  properties: { principalId: who[at].properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[each.role]) }
}]

resource adminAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (each, at) in grants: if (!empty(adminPasswordHash)) {
  name: guid(admin.id, each.identity, each.role)
  scope: admin
  properties: { principalId: who[at].properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[each.role]) }
}]

resource users 'Microsoft.KeyVault/vaults/secrets@2025-05-01' existing = [for each in userSecrets: {
  parent: vault
  name: 'longshore-user-${each}'
}]

resource userAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for at in range(0, length(grants) * length(userSecrets)): {
  name: guid(users[at % length(userSecrets)].id, grants[at / length(userSecrets)].identity, grants[at / length(userSecrets)].role)
  scope: users[at % length(userSecrets)]
  properties: { principalId: who[at / length(userSecrets)].properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grants[at / length(userSecrets)].role]) }
}]

output id string = vault.id
output uri string = vault.properties.vaultUri
