/** For a process whose `liveBytes` is asked: its debugger's address is told on stderr. */
export const inspected = '--inspect=127.0.0.1:0';

/**
 * Returns the bytes that a process still uses: its heap and its buffers after a collection, by the inspector's
 * protocol. The kernel's count would not do, because V8 returns memory when it likes.
 */
export async function liveBytes(told: string): Promise<number> {
  const url = /Debugger listening on (ws:\S+)/.exec(told)?.[1];
  if (url === undefined) throw new Error('it was not started with its inspector');
  const socket = new WebSocket(url);
  const failed = new Promise<never>((_, reject) =>
    socket.addEventListener('error', () => {
      reject(new Error(`${url} does not answer`));
    }),
  );
  const opened = new Promise((open) => socket.addEventListener('open', open));
  const answers = new Promise<string>((resolve) =>
    socket.addEventListener('message', ({ data }) => {
      if (String(data).includes('"id":2')) resolve(String(data));
    }),
  );
  try {
    await Promise.race([opened, failed]);
    socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' }));
    socket.send(JSON.stringify({ id: 2, method: 'Runtime.getHeapUsage' }));
    const { result } = JSON.parse(await Promise.race([answers, failed])) as {
      result: { usedSize: number; backingStorageSize?: number };
    };
    return result.usedSize + (result.backingStorageSize ?? 0);
  } finally {
    socket.close();
  }
}
