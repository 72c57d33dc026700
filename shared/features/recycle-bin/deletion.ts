import type { Question } from '../../core/admission/gate.ts';
import type { RecycledAs } from '../../core/documents/bin.ts';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Stored } from '../../core/documents/stored.ts';
import type { DeleteEvents } from '../../core/events/delete-events.ts';
import { deleteEvents } from '../../core/events/delete-events.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { envelope } from '../../core/events/envelope.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Asker } from '../../core/ports/authorize.ts';
import type { RecycledBy } from '../../core/ports/bin.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import type { BinPorts, StorePorts } from './ports.ts';

const dayMs = 24 * 3600 * 1000;

/**
 * The facts of one deletion: the properties that it writes into each document that it recycles, and the parts of its
 * events.
 */
export interface Deletion {
  readonly key: RepositoryKey;
  readonly taking: RecycledAs;
  readonly makeEvents: DeleteEvents;
  readonly cause: Cause;
  /** Absent where the registry itself deletes. */
  readonly asker?: Asker | undefined;
}

/**
 * Begins a deletion by the registry's settings; without soft delete all of it is due at once. A policy has a retention
 * of its own.
 */
export async function beginDeletion(
  ports: BinPorts,
  key: RepositoryKey,
  { cause, asker, rule, group, ...own }: RecycledBy,
): Promise<Deletion> {
  const now = ports.clock.now();
  const dueAt = (await purgeTimeOf(ports, key, now, own.retentionDays)).toISOString();
  const by = { actor: cause.actor.name, ...defined({ rule }) };
  return {
    key,
    cause,
    asker,
    makeEvents: deleteEvents(ports, key, cause),
    taking: { group: group ?? ports.ids.nextId(), recycledAt: now.toISOString(), dueAt, by },
  };
}

/** Returns the time at which what is deleted at `now` is purged: at once if soft delete is off. */
export async function purgeTimeOf(
  { softDelete }: Pick<BinPorts, 'softDelete'>,
  { registry }: RepositoryKey,
  now: Date,
  ownDays?: number,
): Promise<Date> {
  const { enabled, retentionDays } =
    ownDays === undefined ? await softDelete.read(registry) : { enabled: true, retentionDays: ownDays };
  return new Date(now.getTime() + (enabled ? retentionDays * dayMs : 0));
}

/** Returns the questions for the gates about a manifest that is deleted with its tags. */
export function questionsOf(
  { key, asker }: Pick<Deletion, 'key' | 'asker'>,
  { document: manifest }: Stored<ManifestDocument>,
  tags: readonly Stored<TagDocument>[],
): Question[] {
  const about = { operation: 'delete' as const, key, asker };
  return [{ ...about, manifest }, ...tags.map(({ document: tag }) => ({ ...about, tag }))];
}

/**
 * Adds to a refusal what is gone already: a lock that somebody sets between two transactions stops a deletion halfway.
 */
export function withGone(
  error: unknown,
  { taking: { group } }: Deletion,
  gone: { readonly tags: number; readonly manifests: number },
): unknown {
  const isWhole = gone.tags + gone.manifests === 0;
  if (isWhole || !(error instanceof RegistryError) || error.fault.is !== 'disallowed') return error;
  return new RegistryError({ ...error.fault, gone: { group, ...gone } });
}

export interface Moved {
  readonly manifests: readonly Pick<ManifestDocument, 'digest' | 'mediaType'>[];
  readonly tags: readonly Pick<TagDocument, 'name' | 'digest'>[];
}

/** Makes the event `Longshore.Recycled` of one step of a deletion. */
export function recycledEvent(ports: StorePorts, { key, taking, cause }: Deletion, moved: Moved): CloudEvent {
  const { group, dueAt, by } = taking;
  const target = { repository: key.repository, group, purgeAt: dueAt, manifests: listed(moved), tags: untagged(moved) };
  return envelope('Longshore.Recycled', about(ports, key.repository), {
    ...occurrence(ports, cause),
    ...defined({ rule: by.rule }),
    target,
  });
}

export function restoredEvent(
  ports: StorePorts,
  { repository }: RepositoryKey,
  cause: Cause,
  group: string,
  moved: Moved,
): CloudEvent {
  const target = {
    repository,
    group,
    manifests: listed(moved),
    tags: moved.tags.map(({ name, digest }) => ({ tag: name, digest })),
  };
  return envelope('Longshore.Restored', about(ports, repository), { ...occurrence(ports, cause), target });
}

export function purgedEvent(
  ports: StorePorts,
  { repository }: RepositoryKey,
  cause: Cause,
  group: string,
  moved: Moved,
): CloudEvent {
  return envelope('Longshore.Purged', about(ports, repository), {
    ...occurrence(ports, cause),
    target: { repository, group, manifests: listed(moved), tags: untagged(moved) },
  });
}

function listed({ manifests }: Moved) {
  return manifests.map(({ digest, mediaType }) => ({ digest, mediaType }));
}

function untagged({ tags }: Moved) {
  return tags.map(({ name, digest }) => ({ tag: name, previousDigest: digest }));
}

function about({ ids, clock, settings }: StorePorts, subject: string) {
  return { id: ids.nextId(), time: clock.now().toISOString(), source: settings.eventSource, subject };
}

function occurrence({ ids, clock }: StorePorts, cause: Cause) {
  return { id: ids.nextId(), timestamp: clock.now().toISOString(), ...cause };
}
