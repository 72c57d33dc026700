@description('One network for each region, with the private endpoints of all it reaches.')
param location string
param name string
@description('A /24 of one\'s own, as in 10.40.0.0/24.')
param addressPrefix string
@allowed(['flex', 'premium'])
param plan string
@description('What is reached privately: the resource, which part of it, and which of the zones its name is in.')
param endpoints { name: string, id: string, part: string, zone: int }[]
param zones string[]

resource network 'Microsoft.Network/virtualNetworks@2025-01-01' = {
  name: name
  location: location
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'functions'
        properties: { addressPrefix: cidrSubnet(addressPrefix, 26, 0), delegations: [{ name: 'functions', properties: { serviceName: plan == 'flex' ? 'Microsoft.App/environments' : 'Microsoft.Web/serverFarms' } }] }
      }
      {
        name: 'uploads'
        properties: { addressPrefix: cidrSubnet(addressPrefix, 26, 1), delegations: [{ name: 'uploads', properties: { serviceName: 'Microsoft.App/environments' } }] }
      }
      { name: 'endpoints', properties: { addressPrefix: cidrSubnet(addressPrefix, 26, 2) } }
    ]
  }

  resource functions 'subnets' existing = { name: 'functions' }
  resource uploads 'subnets' existing = { name: 'uploads' }
  resource doors 'subnets' existing = { name: 'endpoints' }
}

resource dns 'Microsoft.Network/privateDnsZones@2024-06-01' = [for zone in zones: {
  name: zone
  location: 'global'
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (zone, at) in zones: {
  parent: dns[at]
  name: name
  location: 'global'
  properties: { registrationEnabled: false, virtualNetwork: { id: network.id } }
}]

resource private 'Microsoft.Network/privateEndpoints@2025-01-01' = [for endpoint in endpoints: {
  name: '${name}-${endpoint.name}'
  location: location
  properties: {
    subnet: { id: network::doors.id }
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
  properties: { privateDnsZoneConfigs: [{ name: endpoint.name, properties: { privateDnsZoneId: dns[endpoint.zone].id } }] }
}]

output functionsSubnetId string = network::functions.id
output uploadsSubnetId string = network::uploads.id
