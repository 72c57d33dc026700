import { patching } from '../../../core/documents/changes.ts';
import { defined } from '../../../core/documents/defined.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { DocumentChange } from '../../../core/ports/documents.ts';
import { maxChangesPerCommit } from '../../../core/ports/documents.ts';
import type { BuildPorts } from '../ports.ts';
import type { Dependent } from './dependent.ts';
import type { Build, Node } from './documents.ts';
import { buildRef, buildSchema, listOf, nameIn, nodesOf } from './documents.ts';
import { publishQueued } from './events.ts';
import { dependentsIn, inCircles } from './graph.ts';
import { overlapping } from './held.ts';
import { readRules } from './rules.ts';
import { imagesAtOnce, wakeWorkers } from './wake.ts';

/**
 * Writes down all images that a build makes anew, then lets them begin; returns `waits` while one of them is under way
 * in a build `before` it, since the dependents may have changed since it began. `known` are the images, where they were
 * computed to begin it. After a crash it is done again: the graph is read anew, and no image has begun. Throws
 * `StoreFailure`.
 */
export async function makePlan(
  ports: BuildPorts,
  id: string,
  before: readonly string[],
  known?: ReadonlyMap<string, Dependent>,
): Promise<'planned' | 'waits'> {
  const { documents, registry, clock } = ports;
  const ref = buildRef(registry, id);
  const found = await readStored(documents, buildSchema, ref);
  if (found?.document.state !== 'planning') return 'planned';
  const dependents =
    found.document.cancelledAt === undefined
      ? (known ?? (await dependentsIn(ports, found.document.roots, await readRules(ports))))
      : new Map<string, Dependent>();
  if ((await overlapping(ports, before, dependents)) !== undefined) return 'waits';
  const nodes = nodesFor(found.document, dependents, clock.now().toISOString());
  for (let at = 0; at < nodes.length; at += maxChangesPerCommit) {
    const changes = nodes
      .slice(at, at + maxChangesPerCommit)
      .map((node): DocumentChange => ({ do: 'upsert', document: { ...node } }));
    await documents.commitDocuments('builds', [nodesOf(id)], changes);
  }
  const outcome = await documents.commitDocuments(
    'builds',
    [listOf(registry)],
    [patching(found, { state: 'running', images: nodes.length })],
  );
  // Another process has planned it, from the same edges.
  if (!outcome.committed) return 'planned';
  await publishQueued(ports, nodes);
  await wakeWorkers(ports, id, Math.min(imagesAtOnce, nodes.filter(({ state }) => state === 'ready').length));
  return 'planned';
}

function nodesFor({ build, registry }: Build, dependents: ReadonlyMap<string, Dependent>, now: string): Node[] {
  const circles = inCircles(dependents);
  return [...dependents].map(([id, dependent]) => {
    const { repository, tag, rule, bases, waitsFor, level } = dependent;
    const isStuck = circles.has(id);
    const shared = {
      id,
      scope: nodesOf(build),
      type: 'node' as const,
      schemaVersion: 1 as const,
      registry,
      build,
      repository,
      tag,
      mode: rule.mode,
      by: rule.by,
      ...defined({ madeBy: rule.task }),
      bases,
      level,
      dueAt: now,
      attempts: 0,
      queuedAt: now,
    };
    if (isStuck)
      return {
        ...shared,
        waitsFor: [],
        state: 'failed',
        because: `it waits for itself: ${circleOf(dependents, id).join(' is built on ')}`,
        endedAt: now,
      };
    return {
      ...shared,
      waitsFor: [...waitsFor].map((node) => ({ node })),
      state: waitsFor.size === 0 ? 'ready' : 'waiting',
    };
  });
}

function circleOf(dependents: ReadonlyMap<string, Dependent>, start: string): string[] {
  const path: string[] = [];
  for (
    let at: string | undefined = start;
    at !== undefined && !path.includes(at);
    at = [...(dependents.get(at)?.waitsFor ?? [])][0]
  )
    path.push(at);
  return [...path, start].map(nameIn);
}
