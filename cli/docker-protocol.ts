import { notFoundText } from './kept/docker.ts';
import { Logins } from './kept/logins.ts';
import { credentialsOf } from './registry/credentials.ts';
import { harmless } from './text/harmless.ts';
import { version } from './version.ts';
import type { World } from './world.ts';

/** The texts that docker's clients compare letter by letter (docker-credential-helpers, credentials/error.go). */
const noServer = 'no credentials server URL';
const noUser = 'no credentials username';

/** Refuses with a text on the standard output: that is where docker's clients read it. */
class Refusal extends Error {}

const name = 'docker-credential-longshore';
const actions = ['store', 'get', 'erase', 'list', 'version'] as const;

/** Answers one action of docker's credential helpers, and returns the exit code. */
export async function answerHelper(world: World, args: readonly string[]): Promise<number> {
  try {
    await act(world, args);
    return 0;
  } catch (error) {
    if (error instanceof Refusal) await world.out.write(`${error.message}\n`);
    else await world.out.write(`${harmless((error as Error).message)}\n`);
    return 1;
  }
}

async function act(world: World, args: readonly string[]): Promise<void> {
  const [action, ...more] = args;
  if (action === undefined || more.length > 0) throw new Refusal(`Usage: ${name} <${actions.join('|')}>`);
  const logins = new Logins(world);
  switch (action) {
    case 'store':
      return store(logins, await world.readInput());
    case 'get':
      return get(world, logins, serverIn(await world.readInput()));
    case 'erase':
      await logins.remove(serverIn(await world.readInput()));
      return;
    case 'list':
      return list(world, logins);
    case 'version':
    case '--version':
    case '-v':
      return world.out.write(`${name} (longshore) ${version}\n`);
    case '--help':
    case '-h':
      return world.out.write(
        `Usage: ${name} <${actions.join('|')}>\nKeeps docker's logins where longshore keeps its own (docs/cli.md).\n`,
      );
    default:
      throw new Refusal(`${name}: unknown action: ${harmless(action)}`);
  }
}

function serverIn(input: string): string {
  const server = input.trim();
  if (server === '') throw new Refusal(noServer);
  return server;
}

async function store(logins: Logins, input: string): Promise<void> {
  const { helperCredentialsSchema: schema } = await import('./kept/schemas.ts');
  const found = schema.safeParse(jsonOf(input));
  // The input holds a secret, so no message repeats any of it.
  if (!found.success) throw new Refusal('the input is not the JSON of a login: ServerURL, Username and Secret');
  const { ServerURL: server, Username: username, Secret: secret } = found.data;
  if (server.trim() === '') throw new Refusal(noServer);
  if (username === '') throw new Refusal(noUser);
  await logins.keep(server.trim(), { username, secret });
}

async function get(world: World, logins: Logins, server: string): Promise<void> {
  const login = await logins.find(server);
  if (login === undefined) throw new Refusal(notFoundText);
  const credentials = credentialsOf(login);
  if (credentials.is === 'refresh' && credentials.endsAt !== undefined && credentials.endsAt <= world.now()) {
    // Docker shows a person what a helper writes here, and goes on as one who has not logged in.
    await world.err.write(
      `The login for ${harmless(server)} ended on ${credentials.endsAt.toISOString()}: log in again.\n`,
    );
    throw new Refusal(notFoundText);
  }
  await world.out.write(`${JSON.stringify({ ServerURL: server, Username: login.username, Secret: login.secret })}\n`);
}

async function list(world: World, logins: Logins): Promise<void> {
  const { logins: kept } = await logins.read();
  const users = Object.fromEntries(Object.entries(kept).map(([server, { username }]) => [server, username]));
  await world.out.write(`${JSON.stringify(users)}\n`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
