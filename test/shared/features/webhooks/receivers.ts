import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import { guardedPost } from '../../../../shared/core/outbound/guarded-post.ts';
import { outboundClient } from '../../../../shared/core/outbound/outbound-client.ts';
import { loopbackNetworks, reachOf } from '../../../../shared/core/outbound/public-address.ts';
import { systemClock } from '../../../../shared/core/ports/clock.ts';
import type { OutboundRequest } from '../../../../shared/core/ports/post.ts';
import type { CloudEvent } from '../../../../shared/core/ports/topic.ts';
import { sealingKeys } from '../../../../shared/core/secrets/sealing-keys.ts';
import type { Webhook } from '../../../../shared/features/webhooks/documents.ts';
import { pingType } from '../../../../shared/features/webhooks/documents.ts';
import { requestOf } from '../../../../shared/features/webhooks/request.ts';
import { makeSecret, parseSecret, sealSecret } from '../../../../shared/features/webhooks/secrets.ts';
import { eventOf, pushed } from './events.ts';

const root = join(import.meta.dirname, '../../../..');

/** The code that docs/webhooks.md shows in a language. */
export async function receiverOf(language: 'ts' | 'python'): Promise<string> {
  const page = await readFile(join(root, 'docs/webhooks.md'), 'utf8');
  const [block, ...others] = [...page.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))];
  if (block?.[1] === undefined || others.length > 0)
    throw new Error(`docs/webhooks.md has not one block of ${language}`);
  return block[1];
}

/** Runs a receiver, posts to it as the registry does, and sees that it takes what is genuine and nothing else. */
export async function tryReceiver(command: string, args: readonly string[]): Promise<void> {
  const secret = makeSecret();
  const port = await freePort();
  const receiver = spawn(command, args, {
    cwd: root,
    env: { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(receiver, 'spawn');
  const said = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]();
  const client = outboundClient({ reach: reachOf(loopbackNetworks) });
  const sender = guardedPost(client);
  try {
    await untilListening(port, receiver);
    const genuine = await deliveryTo(port, secret);
    const answers = [];
    for (const request of [
      genuine,
      await deliveryTo(port, secret, ping),
      ...forgeriesOf(genuine),
      await deliveryTo(port, makeSecret()),
    ]) {
      const answer = await sender.post(request);
      answers.push(answer.is === 'answered' ? answer.status : answer);
    }
    expect(answers).toEqual([204, 204, 401, 401, 401, 401, 401]);
    expect([(await said.next()).value, (await said.next()).value]).toEqual(['push team/app v1', 'ping  ']);
  } finally {
    await client.close();
    const ended = once(receiver, 'exit');
    receiver.kill();
    await ended;
  }
}

/** It tells of nothing, so it has no target. */
const ping: CloudEvent = {
  ...eventOf('Microsoft.ContainerRegistry.ImagePushed'),
  type: pingType,
  data: { id: 'p1', timestamp: '2026-01-01T12:00:00.000Z', action: 'ping' },
};

async function deliveryTo(port: number, secret: string, event = pushed('team/app', 'v1')): Promise<OutboundRequest> {
  const identity = { registry: 'default' as RegistryName, name: 'first1', uid: 'u1' };
  const now = systemClock.now().toISOString();
  const ports = { sealing: sealingKeys(undefined, { key: Buffer.alloc(32, 'a key') }), clock: systemClock };
  const stored = await sealSecret(ports, identity, {
    id: 's1',
    bytes: parseSecret(secret) ?? new Uint8Array(),
    createdAt: now,
  });
  const hook: Webhook = {
    ...identity,
    serviceUri: `http://127.0.0.1:${port}/`,
    actions: ['push'],
    scope: '',
    excludes: [],
    status: 'enabled',
    format: 'acr',
    secrets: [stored],
    createdAt: now,
    updatedAt: now,
  };
  return (await requestOf(ports, hook, 'dlv_1', event)).request;
}

/** Returns what a sender without the secret could make of a delivery. */
function forgeriesOf(genuine: OutboundRequest): OutboundRequest[] {
  const { headers, body } = genuine;
  const { 'webhook-signature': _signature, ...unsigned } = headers;
  const later = String(Number(headers['webhook-timestamp']) + 1);
  return [
    { ...genuine, body: body.replace('team/app', 'team/own') },
    { ...genuine, headers: { ...headers, 'webhook-timestamp': later } },
    { ...genuine, headers: { ...headers, 'webhook-id': 'dlv_2' } },
    { ...genuine, headers: unsigned },
  ];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function untilListening(port: number, receiver: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (receiver.exitCode !== null) throw new Error(`the receiver ended with ${receiver.exitCode}`);
    if (
      await fetch(`http://127.0.0.1:${port}/`, { method: 'PUT' }).then(
        () => true,
        () => false,
      )
    )
      return;
    await sleep(100);
  }
  throw new Error(`the receiver does not listen on ${port}`);
}
