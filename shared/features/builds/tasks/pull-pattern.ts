import { z } from 'zod';
import { isRepositoryGlob, patternSyntax } from '../../../core/rules/pattern.ts';

const hostForm =
  /^(?:localhost|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$|^[a-zA-Z0-9-]+:\d{1,5}$/;

export interface HostPattern {
  readonly host: string;
  readonly rest: string;
}

/**
 * Splits a pattern into the host that it begins with, and the rest: as in a Dockerfile, a first part with a dot or a
 * port is a host.
 */
export function hostIn(pattern: string): HostPattern | undefined {
  const slash = pattern.indexOf('/');
  const host = slash === -1 ? '' : pattern.slice(0, slash);
  return hostForm.test(host) ? { host, rest: pattern.slice(slash + 1) } : undefined;
}

/**
 * A pattern of what may be pulled: `team/base`, `shared/**`; of another registry `ghcr.io/team/base` or
 * `ghcr.io/team/**`.
 */
export const pullPatternSchema = z
  .string()
  .max(400)
  .refine(
    (pattern) => isRepositoryGlob(hostIn(pattern)?.rest ?? pattern),
    `is not a repository name or a pattern such as team/**, ${patternSyntax}; for an upstream with its host before it`,
  );
