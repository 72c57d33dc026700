@description('The settings that the apps of a region have in common.')
param region string
param settings { *: string }
@description('The regions as in LONGSHORE_REGIONS.')
param regions { name: string, blobs: string, queues: string, cosmos: string }[]

output settings { *: string } = union(settings, { LONGSHORE_REGION: region }, length(regions) > 1 ? { LONGSHORE_REGIONS: string(regions) } : {})
