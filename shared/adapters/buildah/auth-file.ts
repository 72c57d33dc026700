import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RegistryAccess } from '../../core/ports/runner.ts';

// The file is that of containers-auth.json(5): logins by host, or by host and folder; the longest that fits is used.

const entrySchema = z.looseObject({ auth: z.string().optional(), identitytoken: z.string().optional() });
const fileSchema = z.object({ auths: z.record(z.string(), entrySchema).default({}) });
type Entries = z.infer<typeof fileSchema>['auths'];

/**
 * Returns the places where `buildah login` and `docker login` of this user keep their logins; the first that exists
 * counts, as it does for buildah.
 */
function usualPlaces({ REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, HOME }: NodeJS.ProcessEnv): string[] {
  if (REGISTRY_AUTH_FILE !== undefined) return [REGISTRY_AUTH_FILE];
  const runtime = XDG_RUNTIME_DIR ?? (process.getuid === undefined ? undefined : `/run/containers/${process.getuid()}`);
  const [auth, docker] = [join('containers', 'auth.json'), join('.docker', 'config.json')];
  return [
    ...(runtime === undefined
      ? []
      : [XDG_RUNTIME_DIR === undefined ? join(runtime, 'auth.json') : join(runtime, auth)]),
    ...(HOME === undefined ? [] : [join(HOME, '.config', auth), join(HOME, docker)]),
  ];
}

async function ownEntries(env: NodeJS.ProcessEnv): Promise<Entries> {
  for (const place of usualPlaces(env)) {
    try {
      return fileSchema.parse(JSON.parse(await readFile(place, 'utf8')) as unknown).auths;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new Error(`${place} has no logins that can be read: create it again by "buildah login", or delete it`, {
          cause: error,
        });
    }
  }
  return {};
}

/** The names that docker's file has for Docker Hub's login. */
const hub = ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io'];

/** Finds the login that would be used for a folder: its own, that of a folder above it, or the host's. */
function entryFor(entries: Entries, folder: string): Entries[string] | undefined {
  for (let at = folder; at !== ''; at = at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : '')
    if (entries[at] !== undefined) return entries[at];
  return folder === 'docker.io' || folder.startsWith('docker.io/')
    ? hub.map((name) => entries[name]).find((each) => each !== undefined)
    : undefined;
}

/**
 * Writes the logins of one job: those at this registry that the job gets, and of this user's own those that its task
 * names, each for no more than it names. Without this a Dockerfile would read whatever this user may read.
 */
export async function authFileFor(
  { logins, abroad }: RegistryAccess,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const own: Entries = abroad.length === 0 ? {} : await ownEntries(env);
  const named = abroad.flatMap((folder): (readonly [string, Entries[string]])[] => {
    const entry = entryFor(own, folder);
    return entry === undefined ? [] : [[folder, entry] as const];
  });
  const given = logins.map(
    ({ host, user, password }) => [host, { auth: Buffer.from(`${user}:${password}`).toString('base64') }] as const,
  );
  const auths: Entries = Object.fromEntries<Entries[string]>([...named, ...given]);
  return JSON.stringify({ auths });
}
