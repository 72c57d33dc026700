import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { QueueServiceClient } from '@azure/storage-queue';

const program = fileURLToPath(new URL('../../../node_modules/azurite/dist/src/queue/main.js', import.meta.url));
const accountKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export interface AzuriteQueues {
  connectionString: string;
  account: QueueServiceClient;
  stop(): Promise<void>;
}

/** A real Azurite queue service of its own, in memory, on a free port. */
export async function startAzuriteQueues(): Promise<AzuriteQueues> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      program,
      '--queuePort',
      String(port),
      '--skipApiVersionCheck',
      '--disableTelemetry',
      '--silent',
      '--inMemoryPersistence',
    ],
    { stdio: 'ignore' },
  );
  const connectionString =
    `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=${accountKey};` +
    `QueueEndpoint=http://127.0.0.1:${port}/devstoreaccount1;`;
  const account = QueueServiceClient.fromConnectionString(connectionString, {
    retryOptions: { maxTries: 10, retryDelayInMs: 300 },
  });
  await account.getProperties();
  return {
    connectionString,
    account,
    async stop() {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('The probe has no port.');
  return address.port;
}
