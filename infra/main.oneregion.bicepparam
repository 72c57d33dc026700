using 'main.bicep'

param regions = ['westeurope']
param adminPasswordHash = readEnvironmentVariable('LONGSHORE_ADMIN_PASSWORD_HASH', '')
