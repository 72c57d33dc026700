/** A published limit or price, with where and when it was read. Nothing here was measured. */
export interface Published {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly source: keyof typeof sources;
}

export const sources = {
  storage: {
    title: 'Scalability and performance targets for standard storage accounts',
    url: 'https://learn.microsoft.com/azure/storage/common/scalability-targets-standard-account',
    of: '2020-05 (defaults; some regions have four times the egress, more on request)',
  },
  blobs: {
    title: 'Scalability and performance targets for Blob storage',
    url: 'https://learn.microsoft.com/azure/storage/blobs/scalability-targets',
    of: '2021-04',
  },
  queues: {
    title: 'Scalability and performance targets for Queue Storage',
    url: 'https://learn.microsoft.com/azure/storage/queues/scalability-targets',
    of: '2018-10',
  },
  cosmos: {
    title: 'Azure Cosmos DB service quotas',
    url: 'https://learn.microsoft.com/azure/cosmos-db/concepts-limits',
    of: '2026-08',
  },
  events: {
    title: 'Event Grid quotas and limits',
    url: 'https://learn.microsoft.com/azure/event-grid/quotas-limits',
    of: '2026-08',
  },
  templates: {
    title: 'maxThroughput, a parameter of infra/main.bicep',
    url: '../infra/main.bicep',
    of: 'as it is unless it is set',
  },
  functions: {
    title: 'Flex Consumption plan',
    url: 'https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan',
    of: '2026-08',
  },
  bill: {
    title: 'Understand your Azure Cosmos DB bill',
    url: 'https://learn.microsoft.com/azure/cosmos-db/understand-your-bill',
    of: '2022-03, United States',
  },
  autoscale: {
    title: 'Autoscale is 1.5 times the price of the same throughput',
    url: 'https://learn.microsoft.com/azure/cosmos-db/how-to-choose-offer',
    of: '2022-03 prices, United States',
  },
  blobPrices: {
    title: 'Estimate the cost of using Azure Blob Storage, sample prices',
    url: 'https://learn.microsoft.com/azure/storage/blobs/blob-storage-estimate-costs',
    of: '2024-07',
  },
  bandwidth: {
    title: "Azure egress bandwidth cost (a third party's account of the list prices)",
    url: 'https://c3x.dev/blog/azure-egress-bandwidth-cost/',
    of: '2026, first 10 TB of a month',
  },
} as const;

const gigabit = 1e9 / 8;

/** The limits of Azure. Rates are by second. */
export const limits = {
  egress: { what: 'egress of a storage account', value: 50 * gigabit, unit: 'B/s', source: 'storage' },
  ingress: { what: 'ingress of a storage account', value: 25 * gigabit, unit: 'B/s', source: 'storage' },
  requests: { what: 'requests to a storage account', value: 20_000, unit: '/s', source: 'storage' },
  blobRequests: { what: 'requests to one blob', value: 500, unit: '/s', source: 'blobs' },
  messages: { what: 'messages of one queue', value: 2_000, unit: '/s', source: 'queues' },
  throughput: { what: 'request units of all containers', value: 4_000, unit: 'RU/s', source: 'templates' },
  partition: { what: 'request units of one logical partition', value: 10_000, unit: 'RU/s', source: 'cosmos' },
  partitionBytes: { what: 'bytes of one logical partition', value: 20 * 1024 ** 3, unit: 'B', source: 'cosmos' },
  events: { what: 'events published to a topic', value: 5_000, unit: '/s', source: 'events' },
  memory: { what: 'memory of all instances in a region', value: 512_000, unit: 'MB', source: 'functions' },
} as const satisfies Record<string, Published>;

/** The prices in US dollars. */
export const prices = {
  autoscale: { what: '100 RU/s for an hour, autoscale, in one region', value: 0.012, unit: '$', source: 'autoscale' },
  serverless: { what: 'a million request units, serverless, in one region', value: 0.25, unit: '$', source: 'bill' },
  documents: { what: 'a GB of documents for a month, in one region', value: 0.25, unit: '$', source: 'bill' },
  stored: { what: 'a GB of blobs for a month, hot', value: 0.0208, unit: '$', source: 'blobPrices' },
  writes: { what: '10,000 writes to blobs', value: 0.055, unit: '$', source: 'blobPrices' },
  reads: { what: '10,000 reads of blobs', value: 0.0044, unit: '$', source: 'blobPrices' },
  internet: { what: 'a GB out to the internet; within a region nothing', value: 0.087, unit: '$', source: 'bandwidth' },
} as const satisfies Record<string, Published>;
