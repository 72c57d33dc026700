import { createHook } from 'node:async_hooks';

/**
 * Counts the TCP connections that this process has tried to make while `work` ran, to any address: connections that no
 * listener can see are counted as well.
 */
export async function connectionsDuring(work: () => Promise<unknown>): Promise<number> {
  let tried = 0;
  const hook = createHook({ init: (_, type) => void (tried += Number(type === 'TCPCONNECTWRAP')) }).enable();
  try {
    await work();
  } finally {
    hook.disable();
  }
  return tried;
}
