import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerHelper } from '../../cli/docker-protocol.ts';
import { exitOf } from '../../cli/program.ts';
import type { Sink, World } from '../../cli/world.ts';
import type { App } from '../../shared/app/app.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** The waits that the command asked for, which take no time here. */
  readonly pauses: readonly number[];
  readonly asked: readonly string[];
  readonly requests: readonly Request[];
}

interface Options {
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: { readonly columns: number };
  /** Answers of a person, in their order; absent, nobody can be asked. */
  readonly answers?: readonly string[];
  readonly input?: string;
  readonly fetch?: (request: Request) => Promise<Response>;
  readonly now?: () => Date;
  /** The helpers of docker's that are on the PATH. */
  readonly helper?: World['runHelper'];
  /** The reader closes its end after so many writes. */
  readonly readsOnly?: number;
  readonly interruptAfter?: number;
}

/** A user of the command: a home of its own, and a registry without a socket. */
export interface User {
  readonly home: string;
  run(args: readonly string[], options?: Options): Promise<Ran>;
  help(action: readonly string[], input?: string, options?: Options): Promise<Ran>;
  remove(): Promise<void>;
}

export const registryUrl = 'http://registry.test';

export async function userOf(
  app: App | undefined,
  env: Readonly<Record<string, string>> = { LONGSHORE_URL: registryUrl },
): Promise<User> {
  const home = await mkdtemp(join(tmpdir(), 'longshore-cli-'));
  const fetchApp = async (request: Request) => {
    if (app === undefined) throw new Error('no request was expected');
    return app.fetch(request);
  };
  const ran = async (run: (world: World) => Promise<number>, options: Options): Promise<Ran> => {
    const { world, seen } = worldOf(home, { ...options, env: { ...env, ...options.env } }, options.fetch ?? fetchApp);
    return { code: await run(world), ...seen() };
  };
  return {
    home,
    run: (args, options = {}) => ran((world) => exitOf(world, args), options),
    help: (args, input = '', options = {}) => ran((world) => answerHelper(world, args), { ...options, input }),
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

function worldOf(
  home: string,
  options: Options,
  fetch: World['fetch'],
): { world: World; seen: () => Omit<Ran, 'code'> } {
  const { terminal, answers, readsOnly = Infinity } = options;
  const [pauses, asked, requests]: [number[], string[], Request[]] = [[], [], []];
  const interruption = new AbortController();
  const sink = (limit: number): Sink & { text: () => string } => {
    let [text, writes] = ['', 0];
    return {
      isTerminal: terminal !== undefined,
      columns: terminal?.columns ?? 80,
      text: () => text,
      async write(more) {
        writes += 1;
        if (writes > limit) throw Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
        text += more;
        return Promise.resolve();
      },
    };
  };
  const [out, err] = [sink(readsOnly), sink(Infinity)];
  const world: World = {
    call: 'longshore',
    env: options.env ?? {},
    home,
    platform: 'linux',
    out,
    err,
    canAsk: answers !== undefined,
    async fetch(request) {
      requests.push(request.clone());
      return fetch(request);
    },
    now: options.now ?? (() => new Date()),
    pause: async (ms, signal) => {
      pauses.push(ms);
      if (pauses.length === options.interruptAfter) interruption.abort();
      signal?.throwIfAborted();
      return Promise.resolve();
    },
    ask: async (question) => {
      asked.push(question);
      return Promise.resolve(answers?.[asked.length - 1] ?? '');
    },
    readInput: async () => Promise.resolve(options.input ?? ''),
    runHelper: options.helper ?? (async () => Promise.resolve({ code: 127, printed: 'there is no such program' })),
    interrupted: interruption.signal,
  };
  return { world, seen: () => ({ out: out.text(), err: err.text(), pauses, asked, requests }) };
}
