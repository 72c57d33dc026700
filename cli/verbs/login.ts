import type { Context } from '../context.ts';
import { exits, Failure, usageFailure } from '../failure.ts';
import { configPaths, helperErase, helperFor, helperStore, ownHelper, readConfig } from '../kept/docker.ts';
import type { Login } from '../kept/logins.ts';
import { hostOf } from '../kept/logins.ts';
import { tokenSchema } from '../kept/schemas.ts';
import { credentialsOf, endOf } from '../registry/credentials.ts';
import { Registry } from '../registry/registry.ts';
import { harmless } from '../text/harmless.ts';
import { timeOf } from '../text/words.ts';
import type { Given } from '../verb.ts';

/** Reads a name and a password: from a person, or the password from the standard input. */
async function askFor({ world }: Context, given: Given, host: string): Promise<Login> {
  const isPiped = given.has('passwordStdin');
  const named = given.text('username');
  if (isPiped && named === undefined) throw usageFailure('--password-stdin needs --username NAME, too');
  if (!isPiped && !world.canAsk)
    throw usageFailure(
      `nobody can be asked for the password here: pipe it, as in longshore login ${host} -u NAME --password-stdin < FILE`,
    );
  const username = named ?? (await world.ask(`User at ${host}: `));
  const secret = isPiped ? (await world.readInput()).replace(/\r?\n$/, '') : await world.ask('Password: ', true);
  if (username.trim() === '' || username.includes(':'))
    throw usageFailure('a user name is not empty, and has no colon');
  if (secret === '') throw usageFailure('the password is empty: pipe it, or type it when you are asked');
  return { username: username.trim(), secret };
}

/** Exchanges a password for a refresh token, so that the password itself is kept nowhere. */
async function proven(registry: Registry, login: Login): Promise<Login> {
  const response = await registry.ask('GET', '/oauth2/token?offline_token=true&client_id=longshore');
  const answer = tokenSchema.safeParse(await response.json().catch(() => undefined));
  if (!answer.success)
    throw new Failure(`${registry.host} took the password but gave no token: is it a Longshore? Run longshore doctor`);
  const { refresh_token: token } = answer.data;
  return token === undefined ? login : { username: '<token>', secret: token };
}

/** Keeps a login where docker's configuration says, or in the command's own file. */
async function keep(context: Context, host: string, login: Login): Promise<string | undefined> {
  for (const path of configPaths(context.world)) {
    const config = await readConfig(path);
    const helper = config === undefined ? undefined : helperFor(config, host);
    if (helper === undefined || helper === ownHelper) continue;
    await helperStore(context.world, helper, host, login);
    await context.logins.remove(host);
    return helper;
  }
  await context.logins.keep(host, login);
  return undefined;
}

export async function login(context: Context, given: Given): Promise<void> {
  const origin = await registryMeant(context, given);
  const host = hostOf(origin);
  const stranger = new Registry(context.world, {
    origin,
    credentials: undefined,
    timeoutSeconds: context.timeoutSeconds,
  });
  const challenge = await stranger.probe('/v2/', false);
  await challenge.body?.cancel();
  if (challenge.ok) {
    await context.logins.choose(origin, {});
    return context.output.say(
      `${host} is open: it asks nobody for credentials. It is the registry of this command from now on.`,
    );
  }
  if (challenge.status !== 401)
    throw new Failure(
      `${host} answered GET /v2/ with ${challenge.status}, so it is no registry, or it is not well: run longshore doctor ${host}`,
    );
  const typed = await askFor(context, given, host);
  const registry = new Registry(context.world, {
    origin,
    credentials: credentialsOf(typed),
    timeoutSeconds: context.timeoutSeconds,
  });
  const kept = await proven(registry, typed).catch((error: unknown) => {
    if (error instanceof Failure && error.exit === exits.refused)
      throw new Failure(
        `${host} does not know this user and password: check both, and that the token is enabled`,
        exits.refused,
      );
    throw error;
  });
  const helper = await keep(context, host, kept);
  await context.logins.choose(origin, helper === undefined ? {} : { helper });
  const ends = kept.username === '<token>' ? endOf(kept.secret) : undefined;
  const until = ends === undefined ? '' : ` until ${timeOf(ends.toISOString())}`;
  const place =
    helper === undefined
      ? `in ${context.logins.path}, which only you may read: it is not encrypted`
      : `by docker-credential-${harmless(helper)}, as docker's configuration says`;
  await context.output.say(`You are logged in to ${host} as ${typed.username}${until}. The login is kept ${place}.`);
}

export async function logout(context: Context, given: Given): Promise<void> {
  const origin = await registryMeant(context, given);
  const host = hostOf(origin);
  const { registries } = await context.logins.read();
  const helper = registries[origin]?.helper;
  if (helper !== undefined) await helperErase(context.world, helper, host);
  const wasThere = (await context.logins.remove(host)) || helper !== undefined;
  await context.logins.forget(origin);
  await context.output.say(
    wasThere
      ? `You are logged out of ${host}.`
      : `There was no login of longshore for ${host}; docker's own end by docker logout ${host}.`,
  );
}

async function registryMeant(context: Context, given: Given): Promise<string> {
  const text = given.args[0] ?? context.namedRegistry;
  if (text !== undefined) return context.originOf(text);
  const { current } = await context.logins.read();
  if (current !== undefined) return current;
  throw usageFailure('no registry is named: give its host, as in longshore login registry.example');
}
