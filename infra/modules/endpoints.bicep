@description('The private endpoints in the network of one region, by which the apps reach resources that are closed to the public.')
param location string
param network string
@description('The resource, the part of it, and the zone of its name.')
param endpoints { name: string, id: string, part: string, zone: string }[]

resource home 'Microsoft.Network/virtualNetworks@2025-01-01' existing = {
  name: network

  resource doors 'subnets' existing = { name: 'endpoints' }
}

resource dns 'Microsoft.Network/privateDnsZones@2024-06-01' existing = [for endpoint in endpoints: {
  name: endpoint.zone
}]

resource private 'Microsoft.Network/privateEndpoints@2025-01-01' = [for endpoint in endpoints: {
  name: '${network}-${endpoint.name}'
  location: location
  properties: {
    subnet: { id: home::doors.id }
    privateLinkServiceConnections: [
      {
        name: endpoint.name
        properties: {
          // An element of a parameter, which the rule takes for no parameter.
          #disable-next-line use-resource-id-functions
          privateLinkServiceId: endpoint.id
          groupIds: [endpoint.part]
        }
      }
    ]
  }
}]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-01-01' = [for (endpoint, at) in endpoints: {
  parent: private[at]
  name: 'default'
  properties: { privateDnsZoneConfigs: [{ name: endpoint.name, properties: { privateDnsZoneId: dns[at].id } }] }
}]
