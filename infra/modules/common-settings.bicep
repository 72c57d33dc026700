@description('What the apps of a region have in common.')
param region string
param settings { *: string }
@description('As LONGSHORE_REGIONS has them.')
param regions { name: string, blobs: string, queues: string, cosmos: string }[]

output settings { *: string } = union(settings, { LONGSHORE_REGION: region }, length(regions) > 1 ? { LONGSHORE_REGIONS: string(regions) } : {})
