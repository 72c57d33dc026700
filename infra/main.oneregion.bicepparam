using 'main.bicep'

param regions = ['westeurope']
param image = readEnvironmentVariable('LONGSHORE_IMAGE')
param adminPasswordHash = readEnvironmentVariable('LONGSHORE_ADMIN_PASSWORD_HASH', '')
