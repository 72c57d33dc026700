import type { RepositoryName } from '../../../core/oci/name.ts';
import { isRepositoryName } from '../../../core/oci/name.ts';
import { globMatches } from '../../../core/rules/pattern.ts';
import { ownBase, ownRepository } from '../bases/names.ts';
import { isSameHost } from '../loopback.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from './documents.ts';
import type { HostPattern } from './pull-pattern.ts';
import { hostIn } from './pull-pattern.ts';

type Own = Pick<BuildPorts, 'registry' | 'ownHosts'>;
/** The parts of a task that say what it may pull. */
export type Pulling = Pick<Task, 'settings' | 'repository' | 'bases' | 'named' | 'host'>;

/**
 * Says whether a task's author has fixed the Dockerfile, byte by byte: text that somebody else writes into one that is
 * not fixed is not the author's word.
 */
export function isFixed({ settings: { context } }: Pick<Task, 'settings'>): boolean {
  return !('git' in context) || /^[0-9a-f]{40}$/.test(context.ref);
}

/**
 * Returns the bases that a task's author has named by fixing the Dockerfile; the present ones for a task that was
 * created before they were stored.
 */
function named({ named: kept, bases, ...task }: Pulling): readonly string[] {
  return kept ?? (isFixed(task) ? bases.map(({ base }) => base) : []);
}

/** Splits the patterns of a task into those of this registry, without its host, and those of others. */
function patternsOf(
  { ownHosts }: Pick<Own, 'ownHosts'>,
  { settings: { pulls }, host: tasks }: Pulling,
): { own: string[]; foreign: HostPattern[] } {
  const [own, foreign]: [string[], HostPattern[]] = [[], []];
  for (const pattern of pulls) {
    const found = hostIn(pattern);
    const isOwn = found !== undefined && [...ownHosts, tasks].some((each) => isSameHost(each, found.host));
    // The name of a repository may look as if it began with a host.
    own.push(isOwn ? found.rest : pattern);
    if (found !== undefined && !isOwn) foreign.push(found);
  }
  return { own, foreign };
}

/** Says whether the author of a task allows it to pull a repository of this registry. */
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
 * Says whether a task may pull a repository of this registry now: its author allows it, or everyone may. Throws
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
 * Says why a task must not be built: its Dockerfile needs something of this registry that the task may not pull.
 * `undefined` if there is no such thing. Throws `StoreFailure`.
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
    `its Dockerfile needs ${missing.join(', ')}, which the task does not list, and with which its ` +
    `author could read them. If that is right, add to the task "pulls": ${JSON.stringify(missing)}`
  );
}

function ownNeeded({ registry }: Pick<Own, 'registry'>, { bases }: Pick<Task, 'bases'>): RepositoryName[] {
  return [...new Set(bases.flatMap(({ base }) => ownRepository(registry, base) ?? []))];
}

/**
 * Returns the repositories of this registry that a job of a task pulls: those that its Dockerfile needs, as far as it
 * may, and those that its author lists by name, since the needs of bases themselves (ONBUILD) are not known before.
 * Throws `StoreFailure`.
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
 * Returns the parts of other registries that a builder's own login there may be used for: `ghcr.io`, `ghcr.io/team`,
 * `ghcr.io/team/base`. A star within a name cannot narrow a login, so it allows none.
 */
export function loginsAbroad(ports: Pick<Own, 'ownHosts'>, task: Pulling): string[] {
  return patternsOf(ports, task).foreign.flatMap(({ host, rest }) => {
    if (rest === '**') return [host];
    const folder = rest.replace(/\/\*\*$/, '');
    return isRepositoryName(folder) ? [`${host}/${folder}`] : [];
  });
}

/** Says whether the author of a task has allowed a base of another registry. */
export function saysForeign(ports: Pick<Own, 'ownHosts'>, task: Pulling, base: string): boolean {
  if (base.startsWith('own:')) return false;
  return (
    named(task).includes(base) ||
    patternsOf(ports, task).foreign.some(({ host, rest }) => globMatches(`${host}/${rest}`, base))
  );
}
