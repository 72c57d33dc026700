using 'main.bicep'

param regions = ['westeurope', 'northeurope']
param plan = 'premium'
param dataPlane = 'containerAppOnly'
param image = 'ghcr.io/example/longshore:1'
param networks = ['10.40.0.0/24', '10.40.1.0/24']
param publicUrl = 'https://registry.example.com'
param adminPasswordHash = readEnvironmentVariable('LONGSHORE_ADMIN_PASSWORD_HASH', '')
