import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { childFailureSchema } from './child-failure.ts';

// The child waits up to 15 s for the folder and then needs about 3 s; the rest is for a busy machine.
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 5_000;
const program = fileURLToPath(new URL('./child.ts', import.meta.url));

export interface AzuriteProcessOptions {
  readonly folder: string;
  readonly host: string;
  readonly blobPort: number;
  readonly queuePort: number;
  /** The value of AZURITE_ACCOUNTS. */
  readonly accounts: string;
  readonly log: (line: string) => void;
}

export interface AzuritePorts {
  readonly blobPort: number;
  readonly queuePort: number;
}

/** The child process, from the outside: its output, whether it answers, and its end. */
export class AzuriteProcess {
  readonly #options: AzuriteProcessOptions;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #ended: Promise<unknown>;
  readonly #ports = new Map<string, number>();
  #failure: string | undefined;
  #lastError = '';
  #stopping = false;

  constructor(options: AzuriteProcessOptions) {
    this.#options = options;
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...flags(options)], {
      // A group of its own: Ctrl-C in a terminal goes to the whole group, and Azurite has to be the last to stop.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, AZURITE_ACCOUNTS: options.accounts },
    }) as ChildProcessByStdio<null, Readable, Readable>;
    // Not the event "close": Node never emits it once the parent itself has closed the channel.
    this.#ended = Promise.all([
      once(this.#child, 'exit'),
      once(this.#child.stdout, 'close'),
      once(this.#child.stderr, 'close'),
    ]);
    this.#child.on('message', (message) => (this.#failure = childFailureSchema.parse(message).failure));
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#readLine(line));
    createInterface({ input: this.#child.stderr }).on('line', (line) => (this.#lastError = line));
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('Azurite has no process.');
    return this.#child.pid;
  }

  /** Resolves with the ports when both services answer HTTP; rejects with one sentence when they never will. */
  async answering(): Promise<AzuritePorts> {
    const deadline = Date.now() + START_DEADLINE_MS;
    while (Date.now() < deadline) {
      const outcome = await Promise.race([this.#ended.then(() => 'ended' as const), this.#probe()]);
      if (outcome === 'ended') throw new Error(this.#whyItEnded());
      if (outcome !== undefined) return this.#announce(outcome);
    }
    await this.stop();
    throw new Error(`Azurite did not answer within ${START_DEADLINE_MS / 1000} s. ${this.#lastError}`.trim());
  }

  /** Asks the child to stop by closing its channel, the same way that it learns of our own end. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#child.connected) this.#child.disconnect();
    const force = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.#ended;
    clearTimeout(force);
  }

  /** Probes the services once; undefined when they do not answer yet. */
  async #probe(): Promise<AzuritePorts | undefined> {
    await new Promise((wake) => setTimeout(wake, 20));
    const [blobPort, queuePort] = [this.#ports.get('Blob'), this.#ports.get('Queue')];
    if (blobPort === undefined || queuePort === undefined) return undefined;
    const answers = await Promise.all([blobPort, queuePort].map((port) => this.#answers(port)));
    return answers.every(Boolean) ? { blobPort, queuePort } : undefined;
  }

  async #answers(port: number): Promise<boolean> {
    try {
      // Any status will do: 400 for a request without a signature is an answer.
      const response = await fetch(`http://${this.#options.host}:${port}/`);
      await response.arrayBuffer();
      return true;
    } catch {
      return false;
    }
  }

  #announce(ports: AzuritePorts): AzuritePorts {
    void this.#ended.then(() => {
      if (!this.#stopping) this.#options.log(`Azurite ended unexpectedly: ${this.#lastError}`);
    });
    return ports;
  }

  #readLine(line: string): void {
    // A port of 0 is only known from this line.
    const listening = /Azurite (\w+) service is successfully listening at .*:(\d+)$/.exec(line);
    if (listening?.[1] !== undefined) this.#ports.set(listening[1], Number(listening[2]));
    this.#options.log(line);
  }

  #whyItEnded(): string {
    if (this.#failure !== undefined) return this.#failure;
    const [, address] = this.#lastError.split('EADDRINUSE', 2);
    const taken = address?.split(/\s/).findLast((word) => /:\d+$/.test(word));
    if (taken !== undefined) return `Azurite cannot listen on ${taken}: another program uses that port.`;
    return (
      `Azurite could not start on the folder ${this.#options.folder}: ` +
      `${this.#lastError || 'it ended without a message'}.`
    );
  }
}

function flags(options: AzuriteProcessOptions): string[] {
  return [
    ...['--location', options.folder],
    ...['--blobHost', options.host, '--blobPort', String(options.blobPort)],
    ...['--queueHost', options.host, '--queuePort', String(options.queuePort)],
    // The command line cannot leave the table service out; on a free loopback port it is in nobody's way.
    ...['--tableHost', '127.0.0.1', '--tablePort', '0'],
    // Without this flag every call of a storage SDK newer than Azurite answers 400 InvalidHeaderValue.
    '--skipApiVersionCheck',
    // Telemetry is on by default, to Azure Monitor.
    '--disableTelemetry',
    '--silent',
  ];
}
