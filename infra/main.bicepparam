using 'main.bicep'

// For `azd up`, which sets the first.
param regions = [readEnvironmentVariable('AZURE_LOCATION', 'westeurope')]
param adminPasswordHash = readEnvironmentVariable('LONGSHORE_ADMIN_PASSWORD_HASH', '')
