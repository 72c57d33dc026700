@description('One identity for each region\'s apps.')
param locations string[]
param names string[]

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = [for (location, at) in locations: {
  name: names[at]
  location: location
}]

output ids string[] = [for at in range(0, length(locations)): identities[at].id]
output clientIds string[] = [for at in range(0, length(locations)): identities[at].properties.clientId]
