import type { SemVer } from 'semver';
import semver from 'semver';
import { z } from 'zod';

export const versionRangeSchema = z
  .string()
  .max(200)
  .refine((text) => semver.validRange(text) !== null, 'is not a range of semantic versions, such as ">=1.0.0 <2.0.0"');

/**
 * Reads a tag as a semantic version; `undefined` for a tag that is none. `v1` and `1.2` are versions too; Helm writes +
 * as _ in tags.
 */
export function versionOf(tag: string): SemVer | undefined {
  const [, whole, rest = ''] = /^v?(\d+(?:\.\d+){0,2})((?:[-_].*)?)$/.exec(tag) ?? [];
  if (whole === undefined) return undefined;
  const padded = [...whole.split('.'), '0', '0'].slice(0, 3).join('.');
  return semver.parse(`${padded}${rest.replace('_', '+')}`) ?? undefined;
}

/** Says whether a version is within a range. A pre-release is within a range that names one of the same version. */
export function isVersionIn(range: string, version: SemVer | undefined): boolean {
  return version !== undefined && semver.satisfies(version, range);
}
