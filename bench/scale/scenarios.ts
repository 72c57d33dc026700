import type { Published } from './limits.ts';
import { limits, prices } from './limits.ts';
import type { Demand, measure } from './measure.ts';
import { layersOfImage } from './measure.ts';

/** The use of a limit. */
export interface Load {
  readonly limit: Published;
  readonly where: string;
  readonly asked: number;
  /** True for a figure under other assumptions than the scenario's, which is no candidate for the first limit. */
  readonly isOtherwise?: true;
}

export interface Cost {
  readonly what: string;
  /** The US dollars; absent if the price is not known here. */
  readonly dollars?: number;
}

export interface Scenario {
  readonly title: string;
  readonly assumed: string;
  readonly loads: readonly Load[];
  readonly costs: readonly Cost[];
  readonly advice: string;
}

type Measured = Awaited<ReturnType<typeof measure>>;

const instanceMemory = 2_048;
/** The requests that one instance handles at a time, from infra/modules/functions.bicep. */
const concurrency = 16;
/** The seconds that a request occupies its place: assumed, not measured. */
export const assumedSeconds = 0.1;

const load = (limit: Published, where: string, asked: number): Load => ({ limit, where, asked });
const otherwise = (limit: Published, where: string, asked: number): Load => ({
  limit,
  where,
  asked,
  isOtherwise: true,
});
const numbered = (value: number): string => Math.round(value).toLocaleString('en');
const instances = (requests: number): Load =>
  load(
    limits.memory,
    `instances of ${instanceMemory} MB, ${concurrency} requests each, at ${assumedSeconds * 1_000} ms a request`,
    Math.ceil((requests * assumedSeconds) / concurrency) * instanceMemory,
  );
const unitsFor = (unitsPerSecond: number, regions: number, hours = 1): number =>
  Math.ceil(unitsPerSecond / 100) * prices.autoscale.value * regions * hours;

export function scenarios(measured: Measured): Scenario[] {
  return [nodes(measured), pushes(measured), repositories(measured), regions(measured)];
}

function nodes({ pull }: Measured): Scenario {
  const [count, seconds, bytes] = [1_000, 600, 11e12];
  const requests = count * (1 + 1 + layersOfImage);
  return {
    title: '1,000 nodes pull 11 TB in 10 minutes',
    assumed:
      `Each pulls one image of ${layersOfImage} layers and a config, 11 GB, from one region; no client ` +
      'keeps anything. Each is charged as a pull by a fresh instance.',
    loads: [
      load(limits.egress, 'the account with the bytes, which clients read by signed URLs', bytes / seconds),
      otherwise(limits.egress, 'the same, in each of three regions with a third of the nodes', bytes / seconds / 3),
      otherwise(limits.blobRequests, 'one layer, were all nodes to ask for it in the same second', count),
      load(limits.throughput, 'all of them', (count * pull.units) / seconds),
      load(limits.requests, 'the account with the bytes', (count * pull.blobCalls) / seconds),
      load(limits.partition, 'the repository', (count * pull.repositoryUnits) / seconds),
      instances(requests / seconds),
    ],
    costs: [
      { what: 'reads of blobs', dollars: ((count * pull.blobCalls) / 10_000) * prices.reads.value },
      { what: 'request units of that hour', dollars: unitsFor((count * pull.units) / seconds, 1) },
      { what: 'bytes within the region', dollars: 0 },
      {
        what: 'the same bytes to the internet, as the first 10 TB of a month are priced',
        dollars: (bytes / 1e9) * prices.internet.value,
      },
    ],
    advice:
      'Ask for more egress, or take a region that has it (200 Gbit/s); or give the region more than one account, ' +
      'which the app cannot yet; or let nodes pull from each other (Spegel, Dragonfly), which needs nothing of ' +
      'the registry. Clients try again what is refused with 503.',
  };
}

/** Returns the loads of measured pushes, all of them in one second. */
function pushLoads(push: Demand, perSecond: number, repositoriesAtOnce: number): Load[] {
  return [
    load(limits.partition, "the registry: the catalog's entries", push.registryUnits * perSecond),
    load(
      limits.partition,
      `each of ${numbered(repositoriesAtOnce)} repositories that share them`,
      (push.repositoryUnits * perSecond) / repositoriesAtOnce,
    ),
    load(limits.requests, 'the account with the bytes', push.blobCalls * perSecond),
    load(limits.events, 'the topic', push.events * perSecond),
  ];
}

function pushes({ pushNew, pushOneLayer }: Measured): Scenario {
  const perSecond = 100;
  const layerBytes = 10 * 1024 ** 2;
  const month = 730;
  return {
    title: '100 pushes a second',
    assumed:
      `Each of an image of ${layersOfImage} layers of 10 MiB, of which one is new, as a build on a base ` +
      'has it. Nothing else happens in the hour. 1,000 repositories share them.',
    loads: [
      ...pushLoads(pushOneLayer, perSecond, 1_000),
      load(limits.throughput, 'all of them', pushOneLayer.units * perSecond),
      otherwise(limits.partition, 'one repository that takes all of them', pushOneLayer.repositoryUnits * perSecond),
      load(limits.ingress, 'the account with the bytes, one new layer a push', layerBytes * perSecond),
      otherwise(
        limits.ingress,
        `the same, were all ${layersOfImage} layers new`,
        layersOfImage * layerBytes * perSecond,
      ),
      instances((3 + 3 + layersOfImage + pushOneLayer.deliveries) * perSecond),
    ],
    costs: [
      { what: 'request units of an hour', dollars: unitsFor(pushOneLayer.units * perSecond, 1) },
      { what: 'the same, were all layers new', dollars: unitsFor(pushNew.units * perSecond, 1) },
      {
        what: 'writes to blobs in an hour',
        dollars: ((pushOneLayer.blobCalls * perSecond * 3_600) / 10_000) * prices.writes.value,
      },
      {
        what: 'the bytes of an hour, kept for a month',
        dollars: ((layerBytes * perSecond * 3_600) / 1e9) * prices.stored.value,
      },
      { what: 'request units, were it so for a month', dollars: unitsFor(pushOneLayer.units * perSecond, 1, month) },
    ],
    advice:
      `Set \`maxThroughput\` to ${numbered(Math.ceil((pushOneLayer.units * perSecond) / 1_000) * 1_000)}: ` +
      `as it is, the templates carry ${numbered(Math.floor(limits.throughput.value / pushOneLayer.units))} such ` +
      'pushes a second, and clients wait and try again. No limit of Azure itself is met then. One repository alone is ' +
      'bounded by its partition, for a push is one transaction in it: ' +
      `${numbered(limits.partition.value / pushOneLayer.repositoryUnits)} a second.`,
  };
}

function repositories({ catalogEntryBytes, pull, pushOneLayer }: Measured): Scenario {
  const count = 10_000;
  const imagesEach = 100;
  const documents = count * (catalogEntryBytes + imagesEach * 2_048);
  return {
    title: '10,000 repositories',
    assumed:
      `${imagesEach} images each, taken as 2 KiB of documents an image (manifest, tag, counters); every repository is ` +
      'pulled from once a second and pushed to once an hour, and each pull is one by a fresh instance.',
    loads: [
      load(limits.partitionBytes, "the registry: the catalog's entries", count * catalogEntryBytes),
      load(limits.partition, 'the registry: its entries, read by pulls', count * pull.registryUnits),
      load(limits.partition, 'the registry: entries written by pushes', (pushOneLayer.registryUnits * count) / 3_600),
      load(limits.throughput, 'all of them', count * pull.units + (count / 3_600) * pushOneLayer.units),
      load(
        limits.partition,
        'one repository that a hundredth of all pulls go to',
        (count / 100) * pull.repositoryUnits,
      ),
    ],
    costs: [
      {
        what: 'request units of an hour',
        dollars: unitsFor(count * pull.units + (count / 3_600) * pushOneLayer.units, 1),
      },
      { what: 'documents for a month', dollars: (documents / 1e9) * prices.documents.value },
    ],
    advice:
      "Set `maxThroughput`; then the partition of the registry's entries is next. This is the worst case: pulls by " +
      "digest and by tags that an instance has just read cost no units, and an instance reads a repository's entry " +
      'once in five seconds however often it is pulled from. Entries lie in one partition: it is their reads by many ' +
      'instances, not their bytes or number, that meet its limit first. More than one registry in a deployment, or ' +
      'entries in partitions of their own, would move it; neither is there.',
  };
}

function regions({ pushNew, pull }: Measured): Scenario {
  const [count, perSecond, pullsPerSecond] = [3, 10, 200];
  const layerBytes = 10 * 1024 ** 2;
  const imageBytes = layersOfImage * layerBytes;
  const copied = imageBytes * perSecond * (count - 1);
  const units = perSecond * pushNew.units + pullsPerSecond * count * pull.units;
  return {
    title: 'Three regions',
    assumed:
      `10 pushes a second in one of them, of ${layersOfImage} new layers of 10 MiB, copied to the two others by their ` +
      `storage (server to server, no byte through the app); ${pullsPerSecond} pulls a second in each, of images of ` +
      'which clients lack one layer. The units of the copies themselves are not in it.',
    loads: [
      load(
        limits.egress,
        'the account of the region that is pushed to: copies, and its own pulls',
        copied + layerBytes * pullsPerSecond,
      ),
      load(limits.ingress, 'the account of each region', imageBytes * perSecond),
      load(limits.messages, 'the queue of copies of a region', perSecond),
      load(limits.throughput, 'all of them', units),
      otherwise(
        limits.partition,
        'one repository, were all pulls of it',
        pullsPerSecond * count * pull.repositoryUnits,
      ),
      load(limits.events, 'the topic', perSecond * pushNew.events),
    ],
    costs: [
      {
        what: 'request units of an hour: what is provisioned is provisioned in each region',
        dollars: unitsFor(units, count),
      },
      {
        what: 'writes to blobs in an hour, copies included',
        dollars: ((pushNew.blobCalls * count * perSecond * 3_600) / 10_000) * prices.writes.value,
      },
      { what: `bytes between regions: ${numbered((copied * 3_600) / 1e9)} GB an hour` },
    ],
    advice:
      "Set `maxThroughput`. Of Azure's own limits the egress of the region that is pushed to comes first: copies to " +
      'each other region are a share of it. Regions in which nobody pulls an image need no copy (filters, ' +
      'docs/replication.md).',
  };
}
