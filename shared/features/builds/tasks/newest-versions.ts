import type { SemVer } from 'semver';
import semver from 'semver';
import { tagDocumentSchema } from '../../../core/documents/manifest.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import { storedOf } from '../../../core/documents/pages.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { Tag } from '../../../core/oci/name.ts';
import { isVersionIn, versionOf } from '../../../core/rules/version.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task, TaskSettings, VersionSettings } from './documents.ts';

type Reading = Pick<BuildPorts, 'documents' | 'registry'>;

const tagsAtOnce = 1_000;

/** Returns the version that a tag is for a setting; `undefined` if it is outside the range, or has another suffix. */
export function versionWithin({ range, suffix }: VersionSettings, tag: string): SemVer | undefined {
  const version = tag.endsWith(suffix) ? versionOf(tag.slice(0, tag.length - suffix.length)) : undefined;
  return isVersionIn(range, version) ? version : undefined;
}

/** Says whether the first of two tags of one range is the newer version. */
export function isNewer(setting: VersionSettings, tag: string, than: string): boolean {
  const [left, right] = [versionWithin(setting, tag), versionWithin(setting, than)];
  return left !== undefined && (right === undefined || semver.gt(left, right));
}

/**
 * Returns the newest tag for each of the `versions`. Throws `RegistryError` (`request-invalid`) if there is none and
 * the argument has no value to begin with, `StoreFailure`.
 */
export async function newestVersions(
  ports: Reading,
  { versions, arguments: given }: Pick<TaskSettings, 'versions' | 'arguments'>,
): Promise<Task['versions']> {
  const found = await Promise.all(versions.map(async (setting) => [setting, await newestTag(ports, setting)] as const));
  for (const [{ argument, of, range }, tag] of found)
    if (tag === undefined && !(argument in given))
      throw new RegistryError({
        is: 'request-invalid',
        why: `${of} has no tag in "${range}": push one, or give the argument ${argument} an initial value`,
      });
  return Object.fromEntries(found.flatMap(([{ argument }, tag]) => (tag === undefined ? [] : [[argument, { tag }]])));
}

async function newestTag({ documents, registry }: Reading, setting: VersionSettings): Promise<Tag | undefined> {
  const partition = partitionOf({ registry, repository: setting.of });
  let newest: Tag | undefined;
  for await (const {
    document: { name },
  } of storedOf(
    documents,
    { container: 'repositories', partition, where: [{ path: 'type', is: '=', value: 'tag' }], limit: tagsAtOnce },
    tagDocumentSchema,
  )) {
    if (isNewer(setting, name, newest ?? '')) newest = name;
  }
  return newest;
}
