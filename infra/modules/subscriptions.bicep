param site string
param topic string
param workStorageId string

var file = loadJsonContent('../event-subscriptions.json')

resource events 'Microsoft.EventGrid/topics@2025-02-15' existing = {
  name: topic
}

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: site
}

resource subscriptions 'Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15' = [for each in file.subscriptions: {
  parent: events
  name: each.name
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    destination: { endpointType: 'AzureFunction', properties: { resourceId: '${app.id}/functions/${each.destination.function}', maxEventsPerBatch: 1, preferredBatchSizeInKilobytes: 64 } }
    filter: { includedEventTypes: each.?filter.?includedEventTypes }
    retryPolicy: { maxDeliveryAttempts: each.retryPolicy.maxDeliveryAttempts, eventTimeToLiveInMinutes: each.retryPolicy.eventTimeToLiveInMinutes }
    // Functions are called with a key that Event Grid keeps itself; dead letters are written by identity.
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: { endpointType: 'StorageBlob', properties: { resourceId: workStorageId, blobContainerName: each.deadLetter.container } }
    }
  }
}]
