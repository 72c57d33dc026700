@description('The private names and addresses in every network: one set of zones, and a peering from each network to each.')
param networks string[]
param zones string[]

resource each 'Microsoft.Network/virtualNetworks@2025-01-01' existing = [for network in networks: {
  name: network
}]

resource dns 'Microsoft.Network/privateDnsZones@2024-06-01' = [for zone in zones: {
  name: zone
  location: 'global'
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for at in range(0, length(zones) * length(networks)): {
  parent: dns[at / length(networks)]
  name: networks[at % length(networks)]
  location: 'global'
  properties: { registrationEnabled: false, virtualNetwork: { id: each[at % length(networks)].id } }
}]

// Peerings do not lead on: every network has one to every other.
resource peerings 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings@2025-01-01' = [for at in range(0, length(networks) * length(networks)): if (at / length(networks) != at % length(networks)) {
  parent: each[at / length(networks)]
  name: networks[at % length(networks)]
  properties: { remoteVirtualNetwork: { id: each[at % length(networks)].id }, allowVirtualNetworkAccess: true, allowForwardedTraffic: false, allowGatewayTransit: false, useRemoteGateways: false }
}]
