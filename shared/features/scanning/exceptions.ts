import { writing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { Documents, QueryDocuments } from '../../core/ports/documents.ts';
import { beginWalk } from '../../core/verdicts/walk.ts';
import type { StoredException } from './documents.ts';
import { exceptions } from './documents.ts';
import type { ExceptionSettings, ScanException } from './policy.ts';

const maxExceptions = 500;

interface Ports {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly registry: RegistryName;
}

/** Reads all exceptions in the order of their names. */
export async function listExceptions(documents: QueryDocuments, registry: RegistryName): Promise<StoredException[]> {
  const found = await exceptions.all(documents, {
    partition: [registry],
    where: [{ path: 'type', is: '=', value: 'scan-exception' }],
    orderBy: { path: 'name', direction: 'asc' },
  });
  return found.map(({ document }) => document);
}

/** Returns an exception as it judges. */
export function asRule({ name, settings }: StoredException): ScanException {
  return { ...settings, id: name };
}

/**
 * Creates or replaces an exception, and begins a walk over all manifests in the same transaction: what it covers is
 * judged anew. Throws `RegistryError` (`conflict` if there are too many, `contended`).
 */
export async function putException(
  ports: Ports,
  name: string,
  settings: ExceptionSettings,
  by: string,
): Promise<{ readonly exception: StoredException; readonly created: boolean }> {
  const { documents, registry, clock } = ports;
  return untilUncontended(`the exception ${name}`, async () => {
    const [before, all] = await Promise.all([
      exceptions.find(documents, { registry, name }),
      listExceptions(documents, registry),
    ]);
    if (before === undefined && all.length >= maxExceptions) throw tooMany();
    const at = clock.now().toISOString();
    const exception: StoredException = {
      id: exceptions.ref({ registry, name }).id,
      type: 'scan-exception',
      schemaVersion: 1,
      registry,
      name,
      settings,
      by,
      createdAt: before?.document.createdAt ?? at,
      updatedAt: at,
    };
    const changes = [writing(before, exception), beginWalk(ports, registry)];
    const outcome = await documents.commitDocuments('registries', [registry], changes);
    return outcome.committed ? { exception, created: before === undefined } : undefined;
  });
}

/** Removes an exception, and begins a walk as `putException` does; `false` if there is none. */
export async function removeException(ports: Ports, name: string): Promise<boolean> {
  const { documents, registry } = ports;
  if ((await exceptions.find(documents, { registry, name })) === undefined) return false;
  await documents.commitDocuments(
    'registries',
    [registry],
    [{ do: 'delete', id: exceptions.ref({ registry, name }).id }, beginWalk(ports, registry)],
  );
  return true;
}

function tooMany(): RegistryError {
  return new RegistryError({
    is: 'conflict',
    code: 'tooManyExceptions',
    why: `there are ${maxExceptions} exceptions already, and no more are allowed: delete those that have ended first`,
  });
}
