import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { Sink, World } from './world.ts';

/** The world of a process: its streams, its terminal, its network. */
export function nodeWorld(call: string): World {
  const interruption = new AbortController();
  process.once('SIGINT', () => {
    interruption.abort();
    // Whatever does not look at the signal must not keep a person waiting.
    setTimeout(() => process.exit(130), 1_000).unref();
  });
  return {
    call,
    env: process.env,
    home: homedir(),
    platform: process.platform,
    out: sinkOf(process.stdout),
    err: sinkOf(process.stderr),
    canAsk: process.stdin.isTTY && process.stderr.isTTY,
    fetch: (request) => fetch(request),
    now: () => new Date(),
    pause: async (ms, signal) => pause(ms, undefined, signal === undefined ? {} : { signal }),
    ask: (question, isSecret = false) => ask(question, isSecret),
    readInput: () => text(process.stdin),
    runHelper,
    interrupted: interruption.signal,
  };
}

function sinkOf(stream: NodeJS.WriteStream): Sink {
  let broken: Error | undefined;
  stream.on('error', (error: Error) => (broken ??= error));
  return {
    // A pipe has no such property.
    isTerminal: (stream as { isTTY?: boolean }).isTTY === true,
    get columns() {
      return (stream as { columns?: number }).columns ?? 80;
    },
    write: (given) =>
      new Promise((resolve, reject) => {
        if (broken !== undefined) {
          reject(broken);
          return;
        }
        stream.write(given, (error) => {
          if (error === null || error === undefined) resolve();
          else reject(error);
        });
      }),
  };
}

/** Asks on the standard error, so that what is piped on stays clean. */
async function ask(question: string, isSecret: boolean): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const { Writable } = await import('node:stream');
  // The terminal shows what is typed through the output: a secret must not be seen.
  const output = isSecret ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr;
  if (isSecret) process.stderr.write(question);
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return await lines.question(isSecret ? '' : question);
  } finally {
    lines.close();
    if (isSecret) process.stderr.write('\n');
  }
}

async function runHelper(program: string, action: string, input: string): Promise<{ code: number; printed: string }> {
  const child = spawn(program, [action], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (code) => resolve(code ?? 1));
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [printed, code] = await Promise.all([text(child.stdout), ended]);
  return { code, printed: code === 127 && printed === '' ? `there is no program ${program} on the PATH` : printed };
}
