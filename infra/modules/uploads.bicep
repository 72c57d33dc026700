param location string
param name string
@description('The URL at which clients reach the registry; empty: the one of this app.')
param publicUrl string
param identityId string
@description('The image of the Dockerfile at the root, in a registry that the identity may pull from, or that is public.')
param image string
@description('The settings of shared/app/config/config.ts.')
param settings { *: string }
@description('The settings whose values are secrets of the vault: their names, and the URLs of the secrets.')
param secrets { name: string, secret: string, url: string }[]
param logsId string
param maxReplicas int
param ipRules string[]
@description('The minutes that a request may be idle. Beyond 4, Azure keeps two dedicated instances for the ingress.')
@minValue(4)
@maxValue(30)
param idleMinutes int
@description('The subnet from which the app reaches private endpoints; empty if there is none.')
param subnetId string
@description('True if the app answers inside its network alone.')
param private bool

resource place 'Microsoft.App/managedEnvironments@2025-07-01' = {
  name: name
  location: location
  properties: {
    appLogsConfiguration: { destination: 'azure-monitor' }
    vnetConfiguration: empty(subnetId) ? null : { infrastructureSubnetId: subnetId, internal: private }
    workloadProfiles: concat([{ name: 'Consumption', workloadProfileType: 'Consumption' }], idleMinutes > 4 ? [{ name: 'ingress', workloadProfileType: 'D4', minimumCount: 2, maximumCount: 4 }] : [])
    ingressConfiguration: idleMinutes > 4 ? { workloadProfileName: 'ingress', requestIdleTimeout: idleMinutes } : null
  }
}

// The older one that is no preview takes no groups of logs.
#disable-next-line use-recent-api-versions
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: place
  properties: { workspaceId: logsId, logs: [{ categoryGroup: 'allLogs', enabled: true }] }
}

var origin = 'https://${name}.${place.properties.defaultDomain}'

resource app 'Microsoft.App/containerApps@2025-07-01' = {
  name: name
  location: location
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    environmentId: place.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      secrets: [for each in secrets: { name: each.secret, keyVaultUrl: each.url, identity: identityId }]
      ingress: {
        external: true
        targetPort: 8080
        transport: 'auto'
        allowInsecure: false
        ipSecurityRestrictions: [for (address, at) in ipRules: { name: 'allowed-${at}', action: 'Allow', ipAddressRange: address }]
      }
    }
    template: {
      terminationGracePeriodSeconds: 600
      containers: [
        {
          name: 'longshore'
          image: image
          resources: { cpu: json('0.5'), memory: '1Gi' }
          env: concat(
            map(items(settings), setting => { name: setting.key, value: setting.value }),
            map(secrets, each => { name: each.name, secretRef: each.secret }),
            // Large bodies die young: a small nursery keeps memory flat (docs/performance.md).
            [
                { name: 'NODE_OPTIONS', value: '--max-semi-space-size=1' }
                { name: 'LONGSHORE_UPLOADS_URL', value: origin }
                // The ingress adds who has connected to it behind what a client has written there itself.
                { name: 'LONGSHORE_TRUSTED_HOPS', value: '1' }
                { name: 'LONGSHORE_PUBLIC_URL', value: empty(publicUrl) ? origin : publicUrl }
              ]
          )
          // Whether it listens: /healthz asks the stores too, and no restart brings those back.
          probes: [{ type: 'Liveness', tcpSocket: { port: 8080 }, periodSeconds: 30, timeoutSeconds: 10 }]
        }
      ]
      scale: { minReplicas: 0, maxReplicas: maxReplicas, rules: [{ name: 'requests', http: { metadata: { concurrentRequests: '16' } } }] }
    }
  }
}

output id string = app.id
output origin string = 'https://${app.properties.configuration.ingress.fqdn}'
output domain string = place.properties.defaultDomain
output address string = place.properties.staticIp
