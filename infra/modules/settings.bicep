@description('The settings of the Function App.')
param site string
@allowed(['flex', 'premium'])
param plan string
@description('The settings of shared/app/config/config.ts, and of the host.')
param settings { *: string }
@description('The settings whose values are secrets of the vault.')
param secrets { name: string, secret: string, url: string }[]

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: site

  // Apart from the site: they name the site's own host, and that of the uploads.
  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(
      settings,
      toObject(secrets, each => each.name, each => '@Microsoft.KeyVault(SecretUri=${each.url})'),
      plan == 'premium' ? { FUNCTIONS_EXTENSION_VERSION: '~4', FUNCTIONS_WORKER_RUNTIME: 'node' } : {}
    )
  }
}
