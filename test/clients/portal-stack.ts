import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';

export type PortalStack = Pick<RequiredStack, 'stack' | 'password' | 'manage' | 'stop'>;

/**
 * A stack where credentials are required, on which two days have passed since `before` was done: what was pushed then is
 * old enough to be purged. `atRest` gets the folder of its state between the two.
 */
export async function startLaterStack(
  before: (stack: PortalStack) => Promise<void>,
  atRest: (state: string) => Promise<void>,
): Promise<PortalStack> {
  const { path: folder, remove } = await stateFolder();
  const start = (environment = {}) => startRunningStack(`${folder}/state`, ['--auth', 'required'], environment);
  const first = await start();
  const password = /"admin" with the password (\S+):/.exec(first.told())?.[1];
  if (password === undefined) throw new Error(`no password in: ${first.told()}`);
  const of = (stack: typeof first): PortalStack => ({
    stack,
    password,
    async manage(method, path, content) {
      const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
      const headers = { authorization, 'content-type': 'application/json' };
      const answer = await fetch(`${stack.url}/api/v1${path}`, { method, headers, body: JSON.stringify(content) });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    async stop() {
      const code = await stack.stop();
      await remove();
      if (code !== 0) throw new Error(`the stack ended with ${String(code)}: ${stack.told()}`);
    },
  });
  await before(of(first));
  await first.stop();
  await atRest(`${folder}/state`);
  return of(await start({ LONGSHORE_CLOCK_AHEAD_DAYS: '2' }));
}
