import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { devstoreAccount } from '../../../local/azurite/accounts.ts';
import { startAzurite } from '../../../local/azurite/start.ts';

const west = { name: 'longshorewest', key: 'c2Vjb25kIHJlZ2lvbg==' };
const anyPort = { blobPort: 0, queuePort: 0 };

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'azurite-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

async function upload(connection: string, text: string): Promise<void> {
  const container = BlobServiceClient.fromConnectionString(connection).getContainerClient('layers');
  await container.createIfNotExists();
  await container.getBlockBlobClient('blob').upload(text, text.length);
}

async function download(connection: string): Promise<string> {
  const blob = BlobServiceClient.fromConnectionString(connection).getContainerClient('layers').getBlobClient('blob');
  return (await blob.downloadToBuffer()).toString();
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A process that starts Azurite and then does nothing, so that it can be killed. */
async function startParent(
  ports: typeof anyPort,
): Promise<{ parent: ReturnType<typeof spawn>; pid: number; connection: string }> {
  const start = new URL('../../../local/azurite/start.ts', import.meta.url).href;
  const program = `const { startAzurite } = await import(${JSON.stringify(start)});
    const azurite = await startAzurite(${JSON.stringify({ folder, ...ports })});
    console.log(JSON.stringify({ pid: azurite.pid, connection: azurite.connectionString('devstoreaccount1') }));`;
  const parent = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  return { parent, ...(JSON.parse(line) as { pid: number; connection: string }) };
}

async function takenPort(): Promise<{ port: number; free: () => void }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, free: () => void server.close() };
}

describe('Azurite as a child process', () => {
  it('serves blobs and queues of two accounts, and keeps them over a stop and a start', async () => {
    const options = { folder, ...anyPort, accounts: [devstoreAccount, west] };
    const first = await startAzurite(options);
    await upload(first.connectionString(devstoreAccount.name), 'here');
    await upload(first.connectionString(west.name), 'there');
    await QueueServiceClient.fromConnectionString(first.connectionString(west.name)).createQueue('copies');
    expect(first.blobEndpoint('longshorewest')).toBe(`http://127.0.0.1:${first.blobPort}/longshorewest`);
    await first.stop();
    expect(alive(first.pid)).toBe(false);

    const second = await startAzurite(options);
    expect(await download(second.connectionString(devstoreAccount.name))).toBe('here');
    expect(await download(second.connectionString(west.name))).toBe('there');
    const queue = QueueServiceClient.fromConnectionString(second.connectionString(west.name)).getQueueClient('copies');
    expect(await queue.exists()).toBe(true);
    expect(() => second.connectionString('other')).toThrow('Azurite was started without the account "other".');
    await second.stop();
  });

  it('keeps what it acknowledged when its parent is killed with kill -9, and the next start waits for it', async () => {
    const { parent, pid, connection } = await startParent(anyPort);
    const [blobPort, queuePort] = [...connection.matchAll(/:(\d+)\//g)].map((match) => Number(match[1]));
    await upload(connection, 'acknowledged');
    parent.kill('SIGKILL');

    const next = await startAzurite({ folder, blobPort: blobPort ?? 0, queuePort: queuePort ?? 0 });
    // The process has ended, but its pid is free only when the process that inherits orphans has reaped it, some
    // moments later.
    await expect.poll(() => alive(pid), { timeout: 10_000 }).toBe(false);
    expect(await download(next.connectionString('devstoreaccount1'))).toBe('acknowledged');
    await next.stop();
  });

  it('is missed in the log when it ends by itself', async () => {
    const lines: string[] = [];
    const azurite = await startAzurite({ folder, ...anyPort, log: (line) => lines.push(line) });
    process.kill(azurite.pid, 'SIGKILL');
    await vi.waitFor(() => expect(lines.at(-1)).toMatch(/^Azurite ended unexpectedly/), 5_000);
    await azurite.stop();
  });

  it('is killed when it does not stop within 5 s', async () => {
    const azurite = await startAzurite({ folder, ...anyPort });
    process.kill(azurite.pid, 'SIGSTOP');
    const started = Date.now();
    await azurite.stop();
    expect(alive(azurite.pid)).toBe(false);
    expect(Date.now() - started).toBeLessThan(6_000);
  });
});

describe('an Azurite that cannot start', () => {
  it('says which port is taken', async () => {
    const { port, free } = await takenPort();
    const start = startAzurite({ folder, blobPort: 0, queuePort: port });
    await expect(start).rejects.toThrow(`Azurite cannot listen on 127.0.0.1:${port}: another program uses that port.`);
    free();
  });

  it('says that its folder cannot be created', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(startAzurite({ folder: join(file, 'state'), ...anyPort })).rejects.toThrow(
      /^Azurite's folder .*state cannot be created: ENOTDIR/,
    );
  });

  it('says that what is in its folder cannot be read', async () => {
    await writeFile(join(folder, '__azurite_db_blob__.json'), '{ broken');
    await expect(startAzurite({ folder, ...anyPort })).rejects.toThrow(
      /^Azurite could not start on the folder .*: .*JSON/,
    );
  });

  it('says which account it could not have parsed', async () => {
    const accounts = [{ name: 'West:1', key: '?' }];
    const refused =
      'The storage account "West:1" cannot be given to Azurite: name must be 3 to 24 lower-case letters or digits, key must be base64.';
    await expect(startAzurite({ folder, ...anyPort, accounts })).rejects.toThrow(refused);
  });
});
