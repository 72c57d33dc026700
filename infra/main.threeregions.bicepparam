using 'main.bicep'

param regions = ['westeurope', 'eastus', 'southeastasia']
param image = readEnvironmentVariable('LONGSHORE_IMAGE')
param sku = 'premium'
param storageSku = 'Standard_ZRS'
param userSecrets = ['git']
param publicUrl = 'https://registry.example.com'
param adminPasswordHash = readEnvironmentVariable('LONGSHORE_ADMIN_PASSWORD_HASH', '')
