import type { RunningStack } from './running-stack.ts';
import { startRunningStack, stateFolder } from './running-stack.ts';

export interface RequiredStack {
  readonly stack: RunningStack;
  /** A folder for what the clients keep; it goes with the stack. */
  readonly folder: string;
  /** The password of the user `admin`. */
  readonly password: string;
  /** A call of the management API by the administrator; rejects when it is refused. */
  manage(method: string, path: string, content?: object): Promise<unknown>;
  /** Makes a named token with a scope map of its own; gives its first password. */
  makeToken(name: string, actions: readonly string[]): Promise<string>;
  /** Ends all of it; rejects when the stack does not end in order. */
  stop(): Promise<void>;
}

/** The whole stack where credentials are required, as `npm start -- --auth required` brings it up. */
export async function startRequiredStack(environment: Readonly<Record<string, string>> = {}): Promise<RequiredStack> {
  const { path: folder, remove } = await stateFolder();
  const stack = await startRunningStack(`${folder}/state`, ['--auth', 'required'], environment);
  const password = /"admin" with the password (\S+):/.exec(stack.told())?.[1];
  if (password === undefined) throw new Error(`no password in: ${stack.told()}`);
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  const manage = async (method: string, path: string, content: object): Promise<unknown> => {
    const answer = await fetch(`${stack.url}/api/v1${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(content),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  return {
    stack,
    folder,
    password,
    manage,
    async makeToken(name, actions) {
      await manage('PUT', `/scope-maps/${name}`, { actions });
      const made = (await manage('POST', '/tokens', { name, scopeMap: name })) as { passwords: [{ value: string }] };
      return made.passwords[0].value;
    },
    async stop() {
      const code = await stack.stop();
      await remove();
      if (code !== 0) throw new Error(`the stack ended with ${String(code)}: ${stack.told()}`);
    },
  };
}
