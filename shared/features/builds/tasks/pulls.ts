import type { RepositoryName } from '../../../core/oci/name.ts';
import { isRepositoryName } from '../../../core/oci/name.ts';
import { globMatches } from '../../../core/rules/pattern.ts';
import { ownBase, ownRepository } from '../edges/names.ts';
import { isSameHost } from '../loopback.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from './documents.ts';
import type { HostPattern } from './pull-pattern.ts';
import { hostIn } from './pull-pattern.ts';

type Own = Pick<BuildPorts, 'registry' | 'ownHosts'>;
/** What a task says about what it may pull. */
export type Pulling = Pick<Task, 'settings' | 'repository' | 'bases' | 'named' | 'host'>;

/**
 * Whether a task's author has fixed the Dockerfile, byte by byte: what somebody else writes into one that moves is not
 * the author's word.
 */
export function isFixed({ settings: { context } }: Pick<Task, 'settings'>): boolean {
  return !('git' in context) || /^[0-9a-f]{40}$/.test(context.ref);
}

/**
 * The bases that a task's author has named by fixing the Dockerfile; of a task that was made before they were kept,
 * those of now.
 */
function named({ named: kept, bases, ...task }: Pulling): readonly string[] {
  return kept ?? (isFixed(task) ? bases.map(({ base }) => base) : []);
}

/** The patterns that are of this registry, without its host, and those of others. */
function patternsOf(
  { ownHosts }: Pick<Own, 'ownHosts'>,
  { settings: { pulls }, host: tasks }: Pulling,
): { own: string[]; foreign: HostPattern[] } {
  const [own, foreign]: [string[], HostPattern[]] = [[], []];
  for (const pattern of pulls) {
    const found = hostIn(pattern);
    const isOwn = found !== undefined && [...ownHosts, tasks].some((each) => isSameHost(each, found.host));
    // A repository's name may look as if it began with a host.
    own.push(isOwn ? found.rest : pattern);
    if (found !== undefined && !isOwn) foreign.push(found);
  }
  return { own, foreign };
}

/** Whether the author of a task says that it may pull a repository of this registry. */
function saysPull(ports: Own, task: Pulling, repository: RepositoryName): boolean {
  const { context, versions } = task.settings;
  const itself = [task.repository, ...('git' in context ? [] : [context.repository]), ...versions.map(({ of }) => of)];
  return (
    itself.includes(repository) ||
    named(task).includes(ownBase(ports.registry, repository)) ||
    patternsOf(ports, task).own.some((pattern) => globMatches(pattern, repository))
  );
}

/**
 * Whether a task may pull a repository of this registry now: its author says so, or everyone may. Throws
 * `StoreFailure`.
 */
export async function mayTaskPull(
  ports: Own & Pick<BuildPorts, 'grants'>,
  task: Pulling,
  repository: RepositoryName,
): Promise<boolean> {
  return saysPull(ports, task, repository) || ports.grants.everyoneMayPull(repository);
}

/**
 * Why a task must not be built: what its Dockerfile needs of this registry and it may not pull. `undefined` when there
 * is no such thing. Throws `StoreFailure`.
 */
export async function whyNotPulled(
  ports: Own & Pick<BuildPorts, 'grants'>,
  task: Pulling,
): Promise<string | undefined> {
  const needed = ownNeeded(ports, task);
  const may = await Promise.all(needed.map((repository) => mayTaskPull(ports, task, repository)));
  const missing = needed.filter((_, at) => may[at] === false);
  if (missing.length === 0) return undefined;
  return (
    `its Dockerfile needs ${missing.join(', ')}, which the task does not list, and whoever writes the ` +
    `Dockerfile would read it. If that is right, add to the task "pulls": ${JSON.stringify(missing)}`
  );
}

function ownNeeded({ registry }: Pick<Own, 'registry'>, { bases }: Pick<Task, 'bases'>): RepositoryName[] {
  return [...new Set(bases.flatMap(({ base }) => ownRepository(registry, base) ?? []))];
}

/**
 * What a job of a task pulls of this registry: what its Dockerfile needs, as far as it may, and what its author lists
 * by name, for what bases need themselves (ONBUILD) is not seen before. Throws `StoreFailure`.
 */
export async function pulledBy(ports: Own & Pick<BuildPorts, 'grants'>, task: Pulling): Promise<RepositoryName[]> {
  const needed = ownNeeded(ports, task);
  const may = await Promise.all(needed.map((repository) => mayTaskPull(ports, task, repository)));
  return [
    ...new Set([
      ...needed.filter((_, at) => may[at]),
      ...patternsOf(ports, task).own.filter((pattern) => isRepositoryName(pattern)),
    ]),
  ];
}

/**
 * The parts of other registries that a builder's own login there may be used for: `ghcr.io`, `ghcr.io/team`,
 * `ghcr.io/team/base`. A star within a name narrows no login, so it opens none.
 */
export function loginsAbroad(ports: Pick<Own, 'ownHosts'>, task: Pulling): string[] {
  return patternsOf(ports, task).foreign.flatMap(({ host, rest }) => {
    if (rest === '**') return [host];
    const folder = rest.replace(/\/\*\*$/, '');
    return isRepositoryName(folder) ? [`${host}/${folder}`] : [];
  });
}

/** Whether the author of a task says that a base of another registry is right. */
export function saysForeign(ports: Pick<Own, 'ownHosts'>, task: Pulling, base: string): boolean {
  if (base.startsWith('own:')) return false;
  return (
    named(task).includes(base) ||
    patternsOf(ports, task).foreign.some(({ host, rest }) => globMatches(`${host}/${rest}`, base))
  );
}
