import { withoutUser } from '../../../core/outbound/shown-url.ts';
import type { GitCredential } from '../../../core/ports/git.ts';
import { isLoopbackHost } from '../loopback.ts';
import type { BuildPorts } from '../ports.ts';
import type { GitContext, TaskSettings } from './documents.ts';

/** A context that was opened, with its archive; or the reason why it was not. */
export type OpenedContext =
  | {
      readonly is: 'open';
      readonly tar: ReadableStream<Uint8Array>;
      /** The commit, if it is in git. */ readonly commit?: string;
    }
  | { readonly is: 'refused'; readonly why: string };

/**
 * Opens a task's context as a tar archive: in git at `commit`, or at the present commit of its reference. Throws
 * `StoreFailure`.
 */
export async function openContext(
  ports: BuildPorts,
  context: TaskSettings['context'],
  commit?: string,
): Promise<OpenedContext> {
  if ('git' in context) return openInGit(ports, context, commit);
  const tar = await ports.images.openBlob({ registry: ports.registry, repository: context.repository }, context.digest);
  return tar === undefined
    ? { is: 'refused', why: `${context.repository} has no blob ${context.digest}: upload the context first` }
    : { is: 'open', tar };
}

async function openInGit(ports: BuildPorts, context: GitContext, at: string | undefined): Promise<OpenedContext> {
  const commit = at ?? (await commitOf(ports, context));
  if (typeof commit !== 'string') return commit;
  const repository = await repositoryOf(ports, context);
  if ('is' in repository || ports.git === undefined) return noGit(repository);
  const archive = await ports.git.archiveOf(repository, commit, context.folder);
  return archive.is === 'refused'
    ? { is: 'refused', why: `${withoutUser(context.git)}: ${archive.why}` }
    : { is: 'open', tar: archive.tar, commit };
}

/** Reads the commit that a context's reference names now. */
export async function commitOf(
  ports: BuildPorts,
  context: GitContext,
): Promise<string | { readonly is: 'refused'; readonly why: string }> {
  const repository = await repositoryOf(ports, context);
  if ('is' in repository || ports.git === undefined) return noGit(repository);
  const resolved = await ports.git.resolveRef(repository, context.ref);
  return resolved.is === 'at'
    ? resolved.commit
    : { is: 'refused', why: `${withoutUser(context.git)}: ${resolved.why}` };
}

function noGit(repository: object): { readonly is: 'refused'; readonly why: string } {
  return 'why' in repository
    ? { is: 'refused', why: String(repository.why) }
    : { is: 'refused', why: 'contexts in git are not supported here' };
}

async function repositoryOf(
  { secrets }: BuildPorts,
  { git: url, credential }: GitContext,
): Promise<{ url: string; credential?: GitCredential } | { is: 'refused'; why: string }> {
  if (credential === undefined) return { url };
  const { protocol, hostname, host } = new URL(url);
  if (protocol !== 'https:' && !isLoopbackHost(hostname))
    return { is: 'refused', why: `${host}: a password is sent by https alone` };
  const secret = await secrets.readUserSecret(credential.secret, { host });
  if ('why' in secret) return { is: 'refused', why: secret.why };
  return { url, credential: { username: credential.username, password: secret.value } };
}
