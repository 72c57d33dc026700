import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod/mini';
import { Failure } from '../failure.ts';
import { harmless } from '../text/harmless.ts';
import type { World } from '../world.ts';
import type { Login } from './logins.ts';
import { hostOf } from './logins.ts';
import type { dockerConfigSchema } from './schemas.ts';

type DockerConfig = z.infer<typeof dockerConfigSchema>;

/** The name under which docker's configuration names this command's own helper. */
export const ownHelper = 'longshore';

/** The text by which every helper says that it has no login; docker compares it letter by letter. */
export const notFoundText = 'credentials not found in native keychain';

/** The files in which docker, podman and skopeo keep logins, the one that is looked at first at the beginning. */
export function configPaths({ env, home }: Pick<World, 'env' | 'home'>): string[] {
  const { REGISTRY_AUTH_FILE: containers, DOCKER_CONFIG: docker, XDG_RUNTIME_DIR: runtime } = env;
  return [
    ...(containers === undefined || containers === '' ? [] : [containers]),
    join(docker === undefined || docker === '' ? join(home, '.docker') : docker, 'config.json'),
    ...(runtime === undefined || runtime === '' ? [] : [join(runtime, 'containers', 'auth.json')]),
  ];
}

/** Reads one of those files; `undefined` where there is none. */
export async function readConfig(path: string): Promise<DockerConfig | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new Failure(
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}): ` +
        `change its permissions, or log in with longshore login`,
    );
  });
  if (text === undefined || text.trim() === '') return undefined;
  const { dockerConfigSchema: schema } = await import('./schemas.ts');
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Failure(`${path} is not the JSON that docker writes: mend it, or log in with longshore login`, 1, {
      cause: error,
    });
  }
}

/** Returns the helper that a configuration names for a host; `undefined` when it names none. */
export function helperFor({ credHelpers, credsStore }: DockerConfig, host: string): string | undefined {
  const named = Object.entries(credHelpers).find(([server]) => hostOf(server) === host)?.[1] ?? credsStore;
  return named === '' ? undefined : named;
}

/** Finds the login for a host as docker does: the helper of the host, the store for all, the file itself. */
export async function dockerLogin(world: World, host: string): Promise<Login | undefined> {
  for (const path of configPaths(world)) {
    const config = await readConfig(path);
    if (config === undefined) continue;
    const helper = helperFor(config, host);
    const login =
      helper === undefined || helper === ownHelper
        ? loginInFile(config, host)
        : ((await helperGet(world, helper, host)) ?? loginInFile(config, host));
    if (login !== undefined) return login;
  }
  return undefined;
}

function loginInFile({ auths }: DockerConfig, host: string): Login | undefined {
  const found = Object.entries(auths).find(
    ([server]) => hostOf(server) === host && !/[^/]\/[^/]/.test(withoutScheme(server)),
  )?.[1];
  if (found?.identitytoken !== undefined && found.identitytoken !== '')
    return { username: '<token>', secret: found.identitytoken };
  if (found?.auth === undefined || found.auth === '') return undefined;
  const text = Buffer.from(found.auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { username: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** An entry of podman's may be for a part of a registry only; docker's own end in `/v1/`. */
function withoutScheme(server: string): string {
  return server.replace(/^https?:\/\//, '').replace(/\/v[12]\/?$/, '');
}

/**
 * Returns the program of a helper. The name comes from a file and becomes a command, so one with a path in it, or with
 * anything that a shell would read, is refused.
 */
function programOf(helper: string): string {
  if (!/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(helper))
    throw new Failure(
      `docker's configuration names the credential helper "${harmless(helper)}", ` +
        `which is no name of a program: mend it, or log in with longshore login`,
    );
  return `docker-credential-${helper}`;
}

/** Calls a helper of docker's. Nothing else runs one, so no name is run that is not checked. */
export async function callHelper(
  world: Pick<World, 'runHelper'>,
  helper: string,
  action: 'get' | 'store' | 'erase' | 'list',
  input: string,
): Promise<{ readonly program: string; readonly code: number; readonly printed: string }> {
  const program = programOf(helper);
  return { program, ...(await world.runHelper(program, action, input)) };
}

async function helperGet(world: World, helper: string, host: string): Promise<Login | undefined> {
  // Docker logs in by the host; some clients have kept a URL.
  for (const server of [host, `https://${host}`]) {
    const { code, printed } = await callHelper(world, helper, 'get', server);
    if (code !== 0 && printed.trim() !== notFoundText)
      throw new Failure(
        `${programOf(helper)}, which docker's configuration names for ${host}, failed: ` +
          `${firstLine(printed)}; mend it, or log in with longshore login`,
      );
    if (code !== 0) continue;
    const { helperCredentialsSchema: schema } = await import('./schemas.ts');
    const found = schema.safeParse(jsonOf(printed));
    if (!found.success)
      throw new Failure(
        `${programOf(helper)} answered with something that is no login: mend it, or log in with longshore login`,
      );
    return { username: found.data.Username, secret: found.data.Secret };
  }
  return undefined;
}

/** Keeps a login with a helper of docker's. */
export async function helperStore(
  world: World,
  helper: string,
  host: string,
  { username, secret }: Login,
): Promise<void> {
  const input = JSON.stringify({ ServerURL: host, Username: username, Secret: secret });
  const { code, printed } = await callHelper(world, helper, 'store', input);
  if (code !== 0)
    throw new Failure(
      `${programOf(helper)} did not keep the login: ${firstLine(printed.replaceAll(secret, '…'))}; ` +
        `mend it, or take it out of docker's configuration`,
    );
}

/** Removes a login from a helper of docker's; one that is not there is no failure. */
export async function helperErase(world: World, helper: string, host: string): Promise<void> {
  const { code, printed } = await callHelper(world, helper, 'erase', host);
  if (code !== 0 && printed.trim() !== notFoundText)
    throw new Failure(
      `${programOf(helper)} did not remove the login: ${firstLine(printed)}; remove it with docker logout ${host}`,
    );
}

function firstLine(text: string): string {
  return harmless(text.trim().split('\n')[0] ?? '') || 'it said nothing';
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
