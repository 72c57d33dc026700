import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  generateAccountSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { appSettings } from '../../local/stack/app-settings.ts';
import { localRegions } from '../../local/stack/regions.ts';
import { startServicesProcess } from '../../local/stack/services-process.ts';
import { parseSettings } from '../../local/stack/settings.ts';
import { stackKeys } from '../../local/stack/stack-keys.ts';
import { openStateFolder } from '../../local/stack/state-folder.ts';

export interface PackageProcess {
  readonly url: string;
  /** From its start until it first answered, in milliseconds. */
  readonly firstAnswerMs: number;
  stop(): Promise<void>;
  /** Kills the process, for tests that keep nothing of it. */
  kill(): Promise<void>;
}

/** Starts the package in `folder`. Nothing of this process's own settings reaches it. */
export async function startPackage(
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<PackageProcess> {
  const began = performance.now();
  const child = fork(fileURLToPath(new URL('package-process.ts', import.meta.url)), [folder], {
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...settings },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const exited = once(child, 'exit');
  const [url] = (await Promise.race([
    once(child, 'message'),
    exited.then(([code]) => Promise.reject(new Error(`the package ended with ${String(code)}`))),
  ])) as [string];
  const answer = await fetch(`${url}/v2/`);
  if (!answer.ok) throw new Error(`the package's first answer is ${answer.status}: ${await answer.text()}`);
  return {
    url,
    firstAnswerMs: performance.now() - began,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/**
 * The local services, and the package, built anew, over them with the host's storage named as in Azure: by the address
 * of its services, not by a connection string.
 */
export async function startPackageOverServices(subscriber: string): Promise<PackageProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-test-'));
  const services = await startServicesProcess(
    parseSettings('start', ['--state', folder, '--subscriber', subscriber], {}),
    () => undefined,
  );
  const keys = await stackKeys(openStateFolder(folder), 'open', () => undefined);
  const { AzureWebJobsStorage: _, ...settings } = appSettings(services.endpoints, {
    keys,
    auth: 'open',
    logLevel: 'silent',
  });
  const { queue, blob } = services.endpoints;
  const built = join(folder, 'package');
  await promisify(execFile)(process.execPath, [fileURLToPath(new URL('../../build.ts', import.meta.url)), built]);
  const running = await startPackage(built, {
    ...settings,
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1099511627776',
    AzureWebJobsStorage__queueServiceUri: `${queue.endpoint}?${sas(keys.storageKey)}`,
    AzureWebJobsStorage__blobServiceUri: blob.endpoint,
    AzureWebJobsStorage__credential: 'managedidentity',
  });
  services.setFunctionsUrl(running.url);
  return {
    ...running,
    async stop() {
      await running.stop();
      await services.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
    },
  };
}

/** Azurite takes identities over TLS alone; a signature opens the same address without a connection string. */
function sas(storageKey: string): string {
  const [{ account }] = localRegions(1, storageKey);
  return generateAccountSASQueryParameters(
    {
      expiresOn: new Date(Date.now() + 3_600_000),
      permissions: AccountSASPermissions.parse('rwdlacup'),
      services: AccountSASServices.parse('q').toString(),
      resourceTypes: AccountSASResourceTypes.parse('sco').toString(),
    },
    new StorageSharedKeyCredential(account.name, account.key),
  ).toString();
}
