metadata description = 'Second stage, after the code: a subscription to a function needs the function to be there.'

@description('Outputs of main.bicep.')
param sites string[]
param topicIds string[]
param workStorageIds string[]

module region 'modules/subscriptions.bicep' = [for (site, at) in sites: {
  params: { site: site, topic: last(split(topicIds[at], '/')), workStorageId: workStorageIds[at] }
}]
