import { globMatches, isRepositoryGlob } from '../../../core/rules/pattern.ts';
import { escaped } from '../notation/fault.ts';
import type { ImportOptions } from './imported.ts';

export type GlobReading =
  | { readonly is: 'here'; readonly pattern: string; readonly note?: string }
  | { readonly is: 'elsewhere' }
  | { readonly is: 'faulty'; readonly why: string };

/**
 * Finds the repositories of this registry that a glob of policy-controller may cover. Such a glob is for a whole
 * reference with host and tag; a policy here is for repositories. Where a glob says less than that, more is covered:
 * a policy that covers more asks for more.
 */
export function repositoriesIn(glob: string, { hosts }: Pick<ImportOptions, 'hosts'>): GlobReading {
  if (!/^[a-zA-Z0-9_:/*.@-]{1,400}$/.test(glob)) return { is: 'faulty', why: 'has characters that no glob may have' };
  // policy-controller takes these two, and all names without a host, for images of Docker Hub.
  if (glob === '*' || glob === '*/*') return { is: 'elsewhere' };
  const slash = glob.indexOf('/');
  const host = slash === -1 ? glob : glob.slice(0, slash);
  if (host.includes('**'))
    return glob === '**' ? { is: 'here', pattern: '**' } : here('**', glob, 'all repositories are covered');
  if (slash === -1) return { is: 'elsewhere' };
  if (!hosts.some((each) => globMatches(host.toLowerCase(), each))) return { is: 'elsewhere' };
  const path = glob.slice(slash + 1);
  const [pattern, rest] = withoutTag(path);
  if (!isRepositoryGlob(pattern)) return { is: 'faulty', why: `names no repository by "${escaped(pattern)}"` };
  return rest === '' || /^[:@]\*+$/.test(rest)
    ? { is: 'here', pattern }
    : here(pattern, glob, 'all tags and digests of its repositories are covered');
}

function here(pattern: string, glob: string, what: string): GlobReading {
  return { is: 'here', pattern, note: `The glob ${glob} is wider here: ${what}.` };
}

/** A tag or digest begins behind the last slash. */
function withoutTag(path: string): readonly [pattern: string, rest: string] {
  const from = path.lastIndexOf('/') + 1;
  const at = path.slice(from).search(/[:@]/);
  return at === -1 ? [path, ''] : [path.slice(0, from + at), path.slice(from + at)];
}
