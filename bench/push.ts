import { hash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerClient } from '@azure/storage-blob';
import { BlobServiceClient } from '@azure/storage-blob';
import { devstoreAccount } from '../local/azurite/accounts.ts';
import { startAzurite } from '../local/azurite/start.ts';
import { digestOf } from '../shared/core/oci/digest.ts';
import { location, withDigest } from '../test/shared/image.ts';
import { median } from './compare.ts';
import { start } from './server-process.ts';

const rounds = 5;
const uploadsEach = 4;
const megabytes = 10;

type Figures = { name: string; value: string }[];

/**
 * Pushes by POST and one PUT with the body, which the SDK makes of a block and a commit. The digest is known before the
 * clock starts.
 */
async function upload(url: string, { bytes, digest }: Body): Promise<void> {
  const started = await fetch(`${url}/v2/bench/app/blobs/uploads/`, { method: 'POST' });
  const finished = await fetch(`${url}${withDigest(location(started), digest)}`, { method: 'PUT', body: bytes });
  if (finished.status !== 201) throw new Error(`PUT ${finished.status}: ${await finished.text()}`);
}

interface Body {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly digest: string;
}

/** Measures bytes through Longshore, with documents in memory, against the same bytes sent directly to their store. */
export async function benchPush(): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-bench-'));
  const azurite = await startAzurite({ folder, blobPort: 0, queuePort: 0 });
  const connection = azurite.connectionString(devstoreAccount.name);
  const container = BlobServiceClient.fromConnectionString(connection).getContainerClient('registry');
  await container.create();
  const longshore = await start('azurite', connection);
  const url = `http://127.0.0.1:${longshore.server.port}`;
  try {
    const ours: number[] = [];
    const plain: number[] = [];
    const checked: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const rates = [
        await mebibytesPerSecond((body) => upload(url, body)),
        await mebibytesPerSecond((body) => direct(container, body)),
        await mebibytesPerSecond((body) => directChecked(container, body)),
      ] as const;
      if (round === 0) continue; // All sides compile in the first round.
      for (const [side, rate] of [
        [ours, rates[0]],
        [plain, rates[1]],
        [checked, rates[2]],
      ] as const)
        side.push(rate);
    }
    const through: [string, number[], string] = ['10 MiB uploads, through Longshore', ours, ' MiB/s'];
    return [
      ...compared(through, ['straight to Azurite with the SDK', plain]),
      ...compared(through, ['with a checksum of each block', checked]).slice(1),
    ];
  } finally {
    longshore.stop();
    await azurite.stop();
    await rm(folder, { recursive: true });
  }
}

const directBlock = 8 * 1024 * 1024;

async function direct(container: ContainerClient, { bytes }: Body): Promise<void> {
  await container
    .getBlockBlobClient(`direct/${randomUUID()}`)
    .uploadData(bytes, { blockSize: directBlock, concurrency: 2, maxSingleShotSize: 1024 * 1024 });
}

/**
 * Stages as Longshore does. For a block without a checksum Azurite computes a CRC64 in JavaScript, which takes longer
 * than all else.
 */
async function directChecked(container: ContainerClient, { bytes }: Body): Promise<void> {
  const blob = container.getBlockBlobClient(`direct/${randomUUID()}`);
  const blocks = [bytes.subarray(0, directBlock), bytes.subarray(directBlock)].map((block, index) => ({
    id: Buffer.from(String(index)).toString('base64'),
    block,
  }));
  await Promise.all(
    blocks.map(({ id, block }) =>
      blob.stageBlock(id, block, block.length, { transactionalContentMD5: hash('md5', block, 'buffer') }),
    ),
  );
  await blob.commitBlockList(blocks.map(({ id }) => id));
}

async function mebibytesPerSecond(send: (body: Body) => Promise<unknown>): Promise<number> {
  // The bodies are random, so that none exists already; they are made before the clock starts.
  const bodies = Array.from({ length: uploadsEach }, () => randomBody(megabytes * 1024 * 1024));
  const started = performance.now();
  for (const body of bodies) await send(body);
  return (uploadsEach * megabytes * 1_000) / (performance.now() - started);
}

function randomBody(size: number): Body {
  const bytes = randomBytes(size);
  return { bytes, digest: digestOf(bytes) };
}

function compared([name, ours, unit]: [string, number[], string], [otherName, others]: [string, number[]]): Figures {
  const told = (values: number[]) => `${Math.round(median(values))}${unit} (${values.map(Math.round).join(' ')})`;
  return [
    { name, value: told(ours) },
    { name: otherName, value: told(others) },
    { name: `${name} / ${otherName}`, value: (median(ours) / median(others)).toFixed(2) },
  ];
}
