using 'main.bicep'

// Functions alone: no body above 341 MiB, a sixth of an instance of 2 GiB (docs/deploy.md).
param dataPlane = 'functions'
param regions = ['westeurope']
param networks = ['10.40.0.0/24']
param ipRules = ['203.0.113.0/24']
param adminPasswordHash = readEnvironmentVariable('LONGSHORE_ADMIN_PASSWORD_HASH', '')
