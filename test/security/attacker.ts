import { stall } from './attack.ts';

// A process of its own: what an attack costs its sender must not be taken for what it costs others. Its arguments: the kind, and the URL of the host.
const [kind = '', url = ''] = process.argv.slice(2);
const part = Buffer.alloc(900 * 1024, 'a');

async function endless(once: () => Promise<unknown>, beside: number): Promise<never> {
  const one = async (): Promise<never> => {
    for (;;) await once().catch(() => undefined);
  };
  return Promise.race(Array.from({ length: beside }, one));
}

const attacks: Readonly<Record<string, () => Promise<unknown>>> = {
  'a flood without credentials': () => endless(async () => (await fetch(`${url}/v2/team/app/blobs/uploads/`, { method: 'POST', headers: { authorization: 'Bearer nothing' } })).arrayBuffer(), 8),
  'stalled notifications': () => endless(async () => {
    const each = stall(url, 'POST /api/v1/bases/notify/ghcr?token=x HTTP/1.1\r\nContent-Length: 1048576', part);
    await new Promise((resolve) => setTimeout(resolve, 250));
    if (Math.random() < 0.2) each.socket.destroy();
  }, 10),
  'stalled uploads': async () => {
    for (let at = 0; at < 150; at++) {
      const location = (await fetch(`${url}/v2/team/app/blobs/uploads/`, { method: 'POST' })).headers.get('location') ?? '';
      stall(url, `PATCH ${location} HTTP/1.1\r\nContent-Length: 100000000`, Buffer.alloc(4_900_000, 'a'));
    }
  },
  'large JSON': () => endless(async () => {
    const body = Buffer.alloc(16 * 1024 * 1024, '[');
    await (await fetch(`${url}/api/v1/webhooks/mine`, { method: 'PUT', body, headers: { 'content-type': 'application/json' } })).arrayBuffer();
  }, 2),
};

await attacks[kind]?.();
setInterval(() => undefined, 1_000);
