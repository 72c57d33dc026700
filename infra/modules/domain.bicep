@description('The DNS zone of a container apps environment that answers inside its network alone, for every name below its domain.')
param domain string
param address string
param networks string[]

resource each 'Microsoft.Network/virtualNetworks@2025-01-01' existing = [for network in networks: {
  name: network
}]

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: domain
  location: 'global'

  resource all 'A' = {
    name: '*'
    properties: { ttl: 3600, aRecords: [{ ipv4Address: address }] }
  }
}

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (network, at) in networks: {
  parent: zone
  name: network
  location: 'global'
  properties: { registrationEnabled: false, virtualNetwork: { id: each[at].id } }
}]
