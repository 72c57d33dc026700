@description('One network for each region.')
param location string
param name string
@description('The network of the region, a /24 as in 10.40.0.0/24.')
param addressPrefix string
@allowed(['flex', 'premium'])
param plan string

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
}

output functionsSubnetId string = network::functions.id
output uploadsSubnetId string = network::uploads.id
