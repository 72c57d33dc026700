import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { AzuriteAccount } from './accounts.ts';
import { accountsVariable, connectionString, devstoreAccount } from './accounts.ts';
import { AzuriteProcess } from './azurite-process.ts';

export interface AzuriteOptions {
  /** The folder of all data; it is created when missing. One Azurite at a time may use it. */
  readonly folder: string;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** 0 lets the system choose a free port. */
  readonly blobPort: number;
  /** 0 lets the system choose a free port. */
  readonly queuePort: number;
  /** A second account stands for a second region. @default [devstoreAccount] */
  readonly accounts?: readonly AzuriteAccount[];
  readonly log?: (line: string) => void;
}

export interface Azurite {
  readonly blobPort: number;
  readonly queuePort: number;
  readonly pid: number;
  /** `http://host:port/account`, without a trailing slash. */
  blobEndpoint(account: string): string;
  /** `http://host:port/account`, without a trailing slash. */
  queueEndpoint(account: string): string;
  /** Throws for an account that was not given at the start. */
  connectionString(account: string): string;
  /** Ends the process, keeping the data; within 5 s, by force after that. */
  stop(): Promise<void>;
}

/**
 * Starts Azurite's blob and queue services as a child process and resolves when both answer. The child stops by itself,
 * keeping its data, when this process ends in any way. Rejects with one sentence when a port is taken, the folder
 * cannot be used, or another Azurite keeps it for longer than 15 s.
 */
export async function startAzurite(options: AzuriteOptions): Promise<Azurite> {
  const { host = '127.0.0.1', accounts = [devstoreAccount], log = () => undefined } = options;
  const folder = resolve(options.folder);
  const variable = accountsVariable(accounts);
  await createFolder(folder);
  const azurite = new AzuriteProcess({ ...options, folder, host, accounts: variable, log });
  const { blobPort, queuePort } = await azurite.answering();
  const blobEndpoint = (account: string): string => `http://${host}:${blobPort}/${account}`;
  const queueEndpoint = (account: string): string => `http://${host}:${queuePort}/${account}`;
  return {
    blobPort,
    queuePort,
    pid: azurite.pid,
    blobEndpoint,
    queueEndpoint,
    connectionString: (name) => connectionString(named(accounts, name), blobEndpoint(name), queueEndpoint(name)),
    stop: () => azurite.stop(),
  };
}

async function createFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new Error(`Azurite's folder ${folder} cannot be created: ${(cause as Error).message}.`, { cause });
  }
}

function named(accounts: readonly AzuriteAccount[], name: string): AzuriteAccount {
  const account = accounts.find((candidate) => candidate.name === name);
  if (account === undefined) throw new Error(`Azurite was started without the account "${name}".`);
  return account;
}
