import { patching, writing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { defined } from '../../core/documents/defined.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Documents, QueryDocuments } from '../../core/ports/documents.ts';
import type { Sealed, SealedPlace } from '../../core/secrets/sealed.ts';
import { open, seal } from '../../core/secrets/sealed.ts';
import type { SealingKeys } from '../../core/secrets/sealing-keys.ts';
import type { AskScanner } from './adapter/ask-scanner.ts';
import { askMetadata } from './adapter/metadata.ts';
import type { ScannerSettings, ScannerTarget } from './adapter/registration.ts';
import { targetOf } from './adapter/registration.ts';
import type { Check, StoredScanner } from './documents.ts';
import { scanners } from './documents.ts';

const maxScanners = 20;

export interface ScannerPorts {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly registry: RegistryName;
  readonly sealing: SealingKeys;
  readonly askScanner: AskScanner;
}

/** Reads all scanners in the order of their names. */
export async function listScanners(documents: QueryDocuments, registry: RegistryName): Promise<StoredScanner[]> {
  const found = await scanners.all(documents, {
    partition: [registry],
    where: [{ path: 'type', is: '=', value: 'scanner' }],
    orderBy: { path: 'name', direction: 'asc' },
  });
  return found.map(({ document }) => document);
}

/** Chooses the scanner of a name; without one the default, and where none is, the first. */
export function chosenScanner(all: readonly StoredScanner[], name: string | undefined): StoredScanner | undefined {
  if (name !== undefined) return all.find((each) => each.name === name);
  return all.find(({ settings }) => settings.isDefault) ?? all[0];
}

/**
 * Creates or replaces a scanner. A secret that is left out stays only where nothing has changed that says to whom it is
 * sent: who may change the URL could otherwise have it sent to himself. Throws `RegistryError` (`conflict`,
 * `request-invalid`, `contended`), `StoreFailure`.
 */
export async function putScanner(
  ports: ScannerPorts,
  name: string,
  given: ScannerSettings,
): Promise<{ readonly scanner: StoredScanner; readonly created: boolean }> {
  const { documents, registry, clock } = ports;
  return untilUncontended(`the scanner ${name}`, async () => {
    const [before, all] = await Promise.all([
      scanners.find(documents, { registry, name }),
      listScanners(documents, registry),
    ]);
    if (before === undefined && all.length >= maxScanners) throw tooMany();
    const sealed = await sealedSecret(ports, name, given, before?.document);
    const at = clock.now().toISOString();
    const isSameTarget = before?.document.settings.url === given.url;
    const scanner: StoredScanner = {
      id: scanners.ref({ registry, name }).id,
      type: 'scanner',
      schemaVersion: 1,
      registry,
      name,
      settings: { ...given, authentication: withoutSecret(given.authentication) },
      createdAt: before?.document.createdAt ?? at,
      updatedAt: at,
      ...defined({ sealed, check: isSameTarget ? before.document.check : undefined }),
    };
    const others = given.isDefault ? all.filter((each) => each.name !== name && each.settings.isDefault) : [];
    const outcome = await documents.commitDocuments(
      'registries',
      [registry],
      [
        writing(before, scanner),
        ...others.map(({ id, settings }) => ({
          do: 'patch' as const,
          id,
          set: { settings: { ...settings, isDefault: false } },
        })),
      ],
    );
    return outcome.committed ? { scanner, created: before === undefined } : undefined;
  });
}

/** Removes a scanner; `false` if there is none. Its reports stay, and judge on. */
export async function removeScanner({ documents, registry }: ScannerPorts, name: string): Promise<boolean> {
  if ((await scanners.find(documents, { registry, name })) === undefined) return false;
  const { container, partition, id } = scanners.ref({ registry, name });
  await documents.commitDocuments(container, partition, [{ do: 'delete', id }]);
  return true;
}

/** Asks a scanner for its metadata, and keeps the answer. `undefined` if there is no such scanner. */
export async function checkScanner(ports: ScannerPorts, name: string): Promise<StoredScanner | undefined> {
  const { documents, registry, clock } = ports;
  const found = await scanners.find(documents, { registry, name });
  if (found === undefined) return undefined;
  const target = await targetFor(ports, found.document);
  const at = clock.now().toISOString();
  const outcome =
    'why' in target ? { is: 'failed' as const, reason: target.why } : await askMetadata(ports.askScanner, target);
  let check: Check;
  if (outcome.is === 'failed') check = { ...found.document.check, at, failure: outcome.reason.slice(0, 500) };
  else {
    const { scanner, capabilities, registryAuthorization, settings, notes } = outcome.metadata;
    const { databaseUpdatedAt, ...named } = scanner;
    check = {
      at,
      scanner: named,
      capabilities: capabilities.map((each) => ({
        type: each.type,
        consumes: [...each.consumes],
        produces: [...each.produces],
        sbomMediaTypes: [...each.sbomMediaTypes],
      })),
      registryAuthorization,
      settings: { ...settings },
      notes: [...notes],
      ...defined({ databaseUpdatedAt }),
    };
  }
  // Settings that were changed meanwhile are checked by the next question.
  await documents.commitDocuments('registries', [registry], [patching(found, { check })]);
  return { ...found.document, check };
}

/** Returns a scanner as it is asked, or says why it cannot be. Throws `StoreFailure`. */
export async function targetFor(
  { sealing, registry }: Pick<ScannerPorts, 'sealing' | 'registry'>,
  { name, settings, sealed }: Pick<StoredScanner, 'name' | 'settings' | 'sealed'>,
): Promise<ScannerTarget | { readonly why: string }> {
  if (settings.authentication.type === 'none') return targetOf(settings, '');
  const bytes = sealed && (await open(sealed, sealing, placeOf(registry, name, settings.url)));
  if (bytes === undefined)
    return {
      why: `The secret of the scanner "${name}" cannot be opened: the key that sealed it is gone. Give it again.`,
    };
  return targetOf(settings, Buffer.from(bytes).toString());
}

async function sealedSecret(
  { sealing, registry }: ScannerPorts,
  name: string,
  { authentication, url }: ScannerSettings,
  before: StoredScanner | undefined,
): Promise<Sealed | undefined> {
  if (authentication.type === 'none') return undefined;
  if (authentication.secret === undefined) {
    const kept = before?.settings;
    const isSame = kept?.url === url && JSON.stringify(kept.authentication) === JSON.stringify(authentication);
    if (!isSame || before?.sealed === undefined) throw missing();
    return before.sealed;
  }
  if (!sealing.configured) throw unsealable();
  return seal(Buffer.from(authentication.secret), await sealing.current(), placeOf(registry, name, url));
}

/** The URL is a part of it: bytes that are moved to another scanner's document open nothing. */
function placeOf(registry: RegistryName, name: string, url: string): SealedPlace {
  return { purpose: 'scanners', context: `${registry}/${name}/${url}` };
}

function withoutSecret(given: ScannerSettings['authentication']): ScannerSettings['authentication'] {
  switch (given.type) {
    case 'none':
      return { type: 'none' };
    case 'basic':
      return { type: 'basic', username: given.username };
    case 'bearer':
      return { type: 'bearer' };
    case 'apiKey':
      return { type: 'apiKey' };
  }
}

function tooMany(): RegistryError {
  return new RegistryError({
    is: 'conflict',
    code: 'tooManyScanners',
    why: `there are ${maxScanners} scanners already, and no more are allowed: delete one first`,
  });
}

function missing(): RegistryError {
  return new RegistryError({
    is: 'conflict',
    code: 'scannerSecretMissing',
    why: 'the secret is needed: it may be left out only where neither the URL nor the authentication has changed',
  });
}

function unsealable(): RegistryError {
  return new RegistryError({
    is: 'conflict',
    code: 'sealingKeyMissing',
    why:
      'scanners with a secret need a key that seals it: set LONGSHORE_SECRET_KEY, 32 bytes or more in base64, on ' +
      'every instance, or LONGSHORE_KEY_VAULT',
  });
}
