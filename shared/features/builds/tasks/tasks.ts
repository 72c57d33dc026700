import type { z } from 'zod';
import { basesOf } from '../../../core/dockerfile/bases.ts';
import { readable } from '../../../core/documents/alone.ts';
import { writing } from '../../../core/documents/changes.ts';
import { defined } from '../../../core/documents/defined.ts';
import { pagesOf } from '../../../core/documents/pages.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { mediaTypes } from '../../../core/oci/media-types.ts';
import type { RepositoryName, Tag } from '../../../core/oci/name.ts';
import type { DocumentChange } from '../../../core/ports/documents.ts';
import { nextRun } from '../../../core/rules/schedule.ts';
import { pathUpTo } from '../bases/cycles.ts';
import type { BaseFound, TaggedImage } from '../bases/documents.ts';
import { baseReference } from '../bases/names.ts';
import { unfitForAcr } from '../jobs/fit-for-acr.ts';
import type { BuildPorts } from '../ports.ts';
import { same } from '../rebase/merge.ts';
import { faultOfSecretName } from '../user-secrets.ts';
import { fileIn } from './context.ts';
import type { Task, TaskSettings, uploadedContextSchema } from './documents.ts';
import { argumentsOf, platformsOf, taskOfRef, taskOfSchema, taskRef, taskSchema } from './documents.ts';
import { newestVersions } from './newest-versions.ts';
import { openContext } from './open-context.ts';
import { isFixed, whyNotPulled } from './pulls.ts';
import { withMeantUrls } from './secret-urls.ts';

type Reading = Pick<BuildPorts, 'documents' | 'registry'>;

export async function readTask({ documents, registry }: Reading, name: string): Promise<Task | undefined> {
  return (await readStored(documents, taskSchema, taskRef(registry, name)))?.document;
}

/** Reads a task. Throws `RegistryError` (`thing-unknown`). */
export async function theTask(ports: Reading, name: string): Promise<Task> {
  const task = await readTask(ports, name);
  if (task === undefined)
    throw new RegistryError({ is: 'thing-unknown', code: 'taskNotFound', what: `task "${name}"` });
  return task;
}

/** Reads the task that builds an image. */
export async function taskOf(ports: Reading, image: TaggedImage): Promise<Task | undefined> {
  const of = await readStored(ports.documents, taskOfSchema, taskOfRef(image));
  return of === undefined ? undefined : readTask(ports, of.document.name);
}

/** Reads all tasks that can be read, by name: a plan needs all. */
export async function* tasksIn({ documents, registry, log }: Reading & Pick<BuildPorts, 'log'>): AsyncIterable<Task> {
  const [container, partition] = ['registries' as const, [registry]];
  const pages = pagesOf(documents, {
    container,
    partition,
    where: [{ path: 'type', is: '=', value: 'task' }],
    orderBy: { path: 'name', direction: 'asc' },
    limit: 200,
  });
  for await (const page of pages)
    for (const { document } of readable(log, taskSchema, page, { container, partition })) yield document;
}

/**
 * Creates a task, or changes it; the bases that its Dockerfile needs are read from its context now, without a first
 * build. Throws `RegistryError`: `request-invalid` for a context or Dockerfile that is none and for one that needs what
 * the task may not pull, `conflict` for an image that another task builds, and for a circle.
 */
export async function putTask(
  ports: BuildPorts,
  name: string,
  given: TaskSettings,
  host: string,
): Promise<{ readonly task: Task; readonly created: boolean }> {
  const { documents, registry } = ports;
  const there = await readStored(documents, taskSchema, taskRef(registry, name));
  const settings = withMeantUrls(given, there?.document.settings);
  requireFittingParts(settings);
  const task = await madeTask(ports, { name, settings, host, before: there?.document });
  const notPulled = await whyNotPulled(ports, task);
  if (notPulled !== undefined) throw new RegistryError({ is: 'request-invalid', why: notPulled });
  if (!('git' in settings.context)) await holdContext(ports, task, settings.context);
  const outcome = await documents.commitDocuments('registries', [registry], taskChanges(task, there));
  // A write whose answer was lost is refused when it is sent again, although it took place.
  if (outcome.committed || same(await readTask(ports, name), task)) return { task, created: there === undefined };
  if (outcome.index === 1)
    throw new RegistryError({
      is: 'conflict',
      code: 'imageTaken',
      why: `another task makes ${settings.image} already: choose another image, or change that task`,
    });
  throw new RegistryError({ is: 'contended', what: `task "${name}"` });
}

/** Throws `RegistryError` (`request-invalid`) where one part of a task's settings excludes another. */
function requireFittingParts(settings: TaskSettings): void {
  if (settings.runner !== undefined && settings.secrets.length > 0)
    throw new RegistryError({
      is: 'request-invalid',
      why: 'an external runner gets no secrets of the vault: give it secrets of its own',
    });
  requireUserSecrets(settings);
  const unfit = settings.runner !== undefined && 'acr' in settings.runner ? unfitForAcr(settings) : undefined;
  if (unfit !== undefined) throw new RegistryError({ is: 'request-invalid', why: unfit });
  if (!('git' in settings.context) && settings.tags.some((each) => each.includes('{commit}')))
    throw new RegistryError({ is: 'request-invalid', why: 'tags may contain {commit} only if the context is in git' });
}

/**
 * Makes the task with the bases of its Dockerfile. Throws `RegistryError`: `conflict` if it would be built on itself.
 */
async function madeTask(
  ports: BuildPorts,
  {
    name,
    settings,
    host,
    before,
  }: {
    readonly name: string;
    readonly settings: TaskSettings;
    readonly host: string;
    readonly before: Task | undefined;
  },
): Promise<Task> {
  const { registry, clock } = ports;
  const [repository, tag] = settings.image.split(':') as [RepositoryName, Tag];
  const versions = await newestVersions(ports, settings);
  const { bases, commit } = await basesIn(ports, { settings, versions, host });
  for (const base of bases) {
    const path = await pathUpTo(ports, { registry, repository, tag }, base);
    if (path !== undefined)
      throw new RegistryError({
        is: 'conflict',
        code: 'circularBase',
        why: `${base.said} is built on ${settings.image} itself: ${path.join(' is built on ')}`,
      });
  }
  const now = clock.now().toISOString();
  const { schedule, enabled } = settings;
  const due = defined({
    dueAt: schedule === undefined || !enabled ? undefined : nextRun(schedule, clock.now()).toISOString(),
  });
  return {
    id: taskRef(registry, name).id,
    type: 'task',
    schemaVersion: 1,
    registry,
    name,
    settings,
    repository,
    tag,
    host,
    ...defined({ commit }),
    ...due,
    versions,
    named: isFixed({ settings }) ? [...new Set(bases.map(({ base }) => base))] : [],
    ...defined({ turns: before?.turns }),
    bases,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  };
}

/** Returns the writes of the task, and of the document that says which task builds its image. */
function taskChanges(task: Task, there: Stored<Task> | undefined): DocumentChange[] {
  const { registry, name } = task;
  const before = there?.document;
  const moved = before !== undefined && before.settings.image !== task.settings.image;
  return [
    writing(there, task),
    ...(before === undefined || moved
      ? [
          {
            do: 'create' as const,
            document: { id: taskOfRef(task).id, type: 'task-of', schemaVersion: 1, registry, name },
          },
        ]
      : []),
    ...(moved ? [{ do: 'delete' as const, id: taskOfRef(before).id }] : []),
  ];
}

/**
 * Throws `RegistryError` (`request-invalid`) for secrets that users may not name. Older tasks may name others; those
 * are refused when they are read.
 */
function requireUserSecrets({ context, secrets, runner }: TaskSettings): void {
  const named = [
    ...secrets.map(({ secret }) => secret),
    ...('git' in context && context.credential !== undefined ? [context.credential.secret] : []),
    ...(runner !== undefined && 'github' in runner ? [runner.github.token] : []),
  ];
  const fault = named.map(faultOfSecretName).find((each) => each !== undefined);
  if (fault !== undefined) throw new RegistryError({ is: 'request-invalid', why: fault });
}

const contextType = 'application/vnd.longshore.context.v1';
const emptyConfig = Buffer.from('{}');

/**
 * Keeps an uploaded context: a blob that no manifest references is collected after a day, so it gets a manifest, with a
 * tag of its task's name.
 */
async function holdContext(
  { images, ids }: BuildPorts,
  { registry, name, host }: Task,
  context: z.infer<typeof uploadedContextSchema>,
): Promise<void> {
  const key = { registry, repository: context.repository };
  const config = await images.storeSmallBlob(key, emptyConfig);
  const size = await images.sizeOfBlob(key, context.digest);
  const layers = [{ mediaType: `${contextType}.tar`, digest: context.digest, size }];
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: contextType,
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: config, size: emptyConfig.length },
      layers,
    }),
  );
  const cause = {
    request: { id: ids.nextId(), host, method: 'PUT', useragent: 'longshore-builds' },
    actor: { name: 'longshore-builds' },
  };
  await images.pushImage(key, { reference: `task-${name}` as Tag, bytes, mediaType: mediaTypes.ociManifest, cause });
}

export async function deleteTask({ documents, registry }: Reading, task: Task): Promise<void> {
  await documents.commitDocuments(
    'registries',
    [registry],
    [
      { do: 'delete', id: taskRef(registry, task.name).id },
      { do: 'delete', id: taskOfRef(task).id },
    ],
  );
}

/** Reads the bases that its Dockerfile needs with the present arguments. Throws `RegistryError` (`request-invalid`). */
export async function basesIn(
  ports: BuildPorts,
  task: Pick<Task, 'settings' | 'versions' | 'host'>,
  commit?: string,
): Promise<Pick<Task, 'bases' | 'commit'>> {
  const { context, dockerfile, target, ...settings } = task.settings;
  const opened = await openContext(ports, context, commit);
  if (opened.is === 'refused') throw new RegistryError({ is: 'request-invalid', why: opened.why });
  const text = await fileIn(opened.tar, dockerfile);
  const names = platformsOf(settings).flatMap((platform) => {
    const found = basesOf(text, { args: argumentsOf(task), platform, ...defined({ target }) });
    if ('error' in found)
      throw new RegistryError({
        is: 'request-invalid',
        why: `${dockerfile}, line ${found.error.line}: ${found.error.message}`,
      });
    return found.refs.map((ref) => ref.name);
  });
  const bases = [...new Set(names)].flatMap((said) => {
    const base = baseReference(said, ports.registry, [...ports.ownHosts, task.host]);
    return base === undefined ? [] : [{ ...base, said }];
  });
  return { bases, ...defined({ commit: opened.commit }) };
}

/**
 * Has a task follow the bases of its Dockerfile at a commit. An edge that would close a circle is not created when
 * edges are learned. Throws `RegistryError` (`request-invalid`) for a Dockerfile that is none there.
 */
export async function followCommit(ports: BuildPorts, task: Task, commit: string): Promise<boolean> {
  if (task.commit === commit) return false;
  const { bases } = await basesIn(ports, task, commit);
  const { committed } = await ports.documents.commitDocuments(
    'registries',
    [ports.registry],
    [{ do: 'patch', id: task.id, set: { bases, commit } }],
  );
  return committed;
}

/** Returns the bases of a task's image, as its Dockerfile names them. */
export function basesOfTask({ bases }: Task): BaseFound[] {
  return bases.map((base) => ({ ...base, found: [{ evidence: 'dockerfile', confidence: 1 }] }));
}
