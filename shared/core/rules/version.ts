import type { SemVer } from 'semver';
import semver from 'semver';
import { z } from 'zod';

export const versionRangeSchema = z
  .string()
  .max(200)
  .refine((text) => semver.validRange(text) !== null, 'is not a range of semantic versions, such as ">=1.0.0 <2.0.0"');

/**
 * What a tag is as a version: `v1` and `1.2` are some too; Helm writes + as _ in tags. `undefined` for a tag that is
 * none.
 */
export function versionOf(tag: string): SemVer | undefined {
  const [, whole, rest = ''] = /^v?(\d+(?:\.\d+){0,2})((?:[-_].*)?)$/.exec(tag) ?? [];
  if (whole === undefined) return undefined;
  const padded = [...whole.split('.'), '0', '0'].slice(0, 3).join('.');
  return semver.parse(`${padded}${rest.replace('_', '+')}`) ?? undefined;
}

/** A pre-release is within a range that names one of the same version. */
export function isVersionIn(range: string, version: SemVer | undefined): boolean {
  return version !== undefined && semver.satisfies(version, range);
}
