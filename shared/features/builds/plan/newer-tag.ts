import { patching, written } from '../../../core/documents/changes.ts';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { defined } from '../../../core/documents/defined.ts';
import { tagDocumentSchema, tagRef } from '../../../core/documents/manifest.ts';
import { allStored } from '../../../core/documents/pages.ts';
import { stableUuid } from '../../../core/documents/stable-id.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { CatalogueEvent } from '../../../core/events/envelope.ts';
import { envelope } from '../../../core/events/envelope.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { RepositoryName, Tag } from '../../../core/oci/name.ts';
import { learnTag } from '../bases/learn.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task, VersionSettings } from '../tasks/documents.ts';
import { taskRef, taskSchema } from '../tasks/documents.ts';
import { isNewer, versionWithin } from '../tasks/newest-versions.ts';
import { basesIn } from '../tasks/tasks.ts';

type Pushed = Extract<CatalogueEvent, { type: 'Microsoft.ContainerRegistry.ImagePushed' }>;

/** A tag that was pushed, with the event. */
interface Newer {
  readonly repository: RepositoryName;
  readonly tag: Tag;
  readonly digest: Digest;
  readonly event: string;
  readonly at: string;
}

/**
 * Has tasks follow a tag that is newer within their range, and publishes that as an update of a base: in this order, so
 * that the redelivery of the event completes it after a crash in between. Throws `StoreFailure`.
 */
export async function followNewerTag(
  ports: BuildPorts,
  { id: event, time: at, data: { target } }: Pushed,
): Promise<void> {
  const { repository, tag, digest } = target;
  if (tag === undefined) return;
  for (const task of await followersOf(ports, repository)) {
    for (const setting of task.settings.versions)
      if (setting.of === repository && versionWithin(setting, tag) !== undefined)
        await follow(ports, task.name, setting, { repository, tag, digest, event, at });
  }
}

const tasksAtOnce = 100;

/** Reads the tasks whole before the first is changed: a page must not shift under the next. */
async function followersOf({ documents, registry }: BuildPorts, repository: RepositoryName): Promise<Task[]> {
  const [container, partition] = ['registries' as const, [registry]];
  const tasks = await allStored(
    documents,
    {
      container,
      partition,
      where: [
        { path: 'type', is: '=', value: 'task' },
        { path: 'settings.versions', is: 'contains', value: { of: repository } },
      ],
      limit: tasksAtOnce,
    },
    taskSchema,
  );
  return tasks.map(({ document }) => document);
}

async function follow(ports: BuildPorts, name: string, setting: VersionSettings, newer: Newer): Promise<void> {
  const { argument } = setting;
  const { found } = await untilUncontended(`the versions of task "${name}"`, () =>
    followTag(ports, name, setting, newer),
  );
  const unpublished = found?.document.versions[argument]?.untold;
  if (found === undefined || unpublished?.event !== newer.event) return;
  const { document: task } = found;
  await learnTag(ports, task, task.tag, { isAgain: true });
  await publishUpdate(ports, name, newer, unpublished.before);
  // Only this very event publishes it again: if somebody has changed the task meanwhile, the mark may stay.
  await ports.documents.commitDocuments(
    'registries',
    [ports.registry],
    [patching(found, { versions: { ...task.versions, [argument]: { tag: newer.tag } } })],
  );
}

/**
 * Writes down that the task follows the tag from now on, unless it follows that or a newer one; `undefined` if another
 * process has written meanwhile.
 */
async function followTag(
  ports: BuildPorts,
  name: string,
  setting: VersionSettings,
  { tag, event }: Newer,
): Promise<{ found?: Stored<Task> } | undefined> {
  const found = await readStored(ports.documents, taskSchema, taskRef(ports.registry, name));
  if (found === undefined) return {};
  const { argument } = setting;
  const before = found.document.versions[argument]?.tag ?? found.document.settings.arguments[argument];
  if (!isNewer(setting, tag, before ?? '')) return { found };
  const versions = {
    ...found.document.versions,
    [argument]: { tag, untold: { event, ...defined({ before }) } },
  };
  const bases = await basesWith(ports, { ...found.document, versions });
  if (bases === undefined) return {};
  const outcome = await ports.documents.commitDocuments(
    'registries',
    [ports.registry],
    [patching(found, { versions, bases })],
  );
  const next = written(outcome, { ...found.document, versions, bases });
  return next === undefined ? undefined : { found: next };
}

/**
 * Reads the bases with the new argument; `undefined` if its Dockerfile is invalid with it: the task stays with the
 * version that it has.
 */
async function basesWith(ports: BuildPorts, task: Task): Promise<Task['bases'] | undefined> {
  try {
    return (await basesIn(ports, task, task.commit)).bases;
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    ports.log.warn({ task: task.name, why: error.message }, 'a task cannot follow a newer version of its base');
    return undefined;
  }
}

/** Publishes the update. A rebase replaces the version that the task was built on until now. */
async function publishUpdate(
  ports: BuildPorts,
  name: string,
  { repository, tag, digest, event, at }: Newer,
  before: string | undefined,
): Promise<void> {
  const old =
    before === undefined
      ? undefined
      : await readStored(ports.documents, tagDocumentSchema, tagRef({ registry: ports.registry, repository }, before));
  const id = stableUuid('newer-tag', event, name);
  const image = `${repository}:${tag}`;
  const previousDigest = defined({
    previousDigest: old === undefined || old.document.digest === digest ? undefined : old.document.digest,
  });
  await ports.topic.publishEvents([
    envelope(
      'Longshore.BaseImageUpdated',
      { id, time: at, source: ports.eventSource, subject: image },
      { id, timestamp: at, target: { image, digest, ...previousDigest, repository, tag } },
    ),
  ]);
}
