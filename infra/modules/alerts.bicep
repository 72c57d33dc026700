param location string
param name string
param insightsId string
param cosmosId string
@description('The mail address that gets alerts; empty: alerts are shown in the portal alone.')
param mail string

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: name
  location: 'global'
  properties: { groupShortName: 'longshore', enabled: true, emailReceivers: empty(mail) ? [] : [{ name: 'operator', emailAddress: mail, useCommonAlertSchema: true }] }
}

// Each rule queries the logs of the last fifteen minutes every five minutes.
var rules = [
  {
    name: 'event-lag'
    says: 'Events wait in the outbox, and the sweep publishes those that pushes could not. Next: check the Event Grid topic and the role of the app\'s identity.'
    query: 'traces | where message startswith "the sweep published events" or message has "the sweep published events"'
    over: 3
  }
  {
    name: 'poison-queues'
    says: 'Messages were moved to a poison queue after five failed attempts. Next: read the failures of the function that handles the queue.'
    query: 'traces | where message has "has reached MaxDequeueCount"'
    over: 0
  }
  {
    name: 'webhook-failures'
    says: 'Deliveries of webhooks failed for good. Next: read GET /api/v1/webhooks/NAME/deliveries.'
    query: 'requests | where name in ("webhooks-let-go", "webhooks-deliver") and (name == "webhooks-let-go" or success == false)'
    over: 0
  }
  {
    name: 'server-errors'
    says: 'Requests were answered with 5xx. Next: read GET /healthz and the app\'s failures.'
    query: 'requests | where toint(resultCode) between (500 .. 599)'
    over: 5
  }
]

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [for rule in rules: {
  name: '${name}-${rule.name}'
  location: location
  properties: {
    displayName: rule.name
    description: rule.says
    severity: 2
    enabled: true
    scopes: [insightsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: { allOf: [{ query: rule.query, timeAggregation: 'Count', operator: 'GreaterThan', threshold: rule.over, failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 } }] }
    actions: { actionGroups: [group.id] }
  }
}]

resource throttled 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: '${name}-store-throttling'
  location: 'global'
  properties: {
    description: 'Cosmos DB throttles requests (429). Next: raise maxThroughput.'
    severity: 2
    enabled: true
    scopes: [cosmosId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [{ criterionType: 'StaticThresholdCriterion', name: '429', metricName: 'TotalRequests', dimensions: [{ name: 'StatusCode', operator: 'Include', values: ['429'] }], operator: 'GreaterThan', threshold: 100, timeAggregation: 'Count' }]
    }
    actions: [{ actionGroupId: group.id }]
  }
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, name)
  location: location
  kind: 'shared'
  properties: { displayName: 'Longshore', category: 'workbook', sourceId: insightsId, serializedData: loadTextContent('workbook.json') }
}
