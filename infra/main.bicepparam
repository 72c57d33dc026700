using 'main.bicep'

// For `azd up`, which sets the first.
param regions = [readEnvironmentVariable('AZURE_LOCATION', 'westeurope')]
param image = readEnvironmentVariable('LONGSHORE_IMAGE')
param adminPasswordHash = readEnvironmentVariable('LONGSHORE_ADMIN_PASSWORD_HASH', '')
