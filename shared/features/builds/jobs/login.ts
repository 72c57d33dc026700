import type { JobLogin } from '../../../core/ports/runner.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { pulledBy } from '../tasks/pulls.ts';

/** The user name with a token of ours as the password. */
const tokenUser = '00000000-0000-0000-0000-000000000000';

type Issuing = Pick<BuildPorts, 'ownHosts' | 'issueAccess' | 'registry' | 'grants'>;

interface Wanted {
  /** The holder's name in the events of the registry. */
  readonly to: string;
  /** The host that it is sent to. */
  readonly host: string;
  readonly until: Date;
  /** A runner fetches its context with it and pushes the image; a build here does neither. */
  readonly isForRunner: boolean;
}

/**
 * Issues a login for what one job of a task needs, valid no longer than the job may take; `undefined` if nobody needs
 * credentials. Throws `StoreFailure`.
 */
export async function loginFor(
  ports: Issuing,
  task: Task,
  { to, host, until, isForRunner }: Wanted,
): Promise<JobLogin | undefined> {
  if (ports.issueAccess === undefined) return undefined;
  const { context } = task.settings;
  const read = new Set([
    ...(isForRunner && !('git' in context) ? [context.repository] : []),
    ...(await pulledBy(ports, task)),
  ]);
  read.delete(task.repository);
  const access = [
    ...[...read].map((name) => ({ name, actions: ['pull'] as const })),
    { name: task.repository, actions: isForRunner ? (['pull', 'push'] as const) : (['pull'] as const) },
  ];
  return {
    host,
    user: tokenUser,
    password: await ports.issueAccess({ to, access, host: ports.ownHosts[0] ?? host, until }),
  };
}
