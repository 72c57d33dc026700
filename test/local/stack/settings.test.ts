import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { requireFreePorts } from '../../../local/stack/free-ports.ts';
import { parseSettings, requestedHelp } from '../../../local/stack/settings.ts';
import { openStateFolder } from '../../../local/stack/state-folder.ts';

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function squat(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function fault(args: string[], environment: Record<string, string> = {}): string {
  try {
    parseSettings('start', args, environment);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the settings were taken');
}

describe('the settings of the local stack', () => {
  it('are flags, else variables, else what the page says', () => {
    expect(parseSettings('start', ['--port', '5761'], { LONGSHORE_PORT: '1', LONGSHORE_STATE: '/x' })).toMatchObject({
      port: 5761,
      state: '/x',
      functionsPort: 7071,
      auth: 'open',
      subscribers: [],
      regions: 1,
      cosmosPort: 0,
    });
    expect(
      parseSettings('start', [], { LONGSHORE_SUBSCRIBERS: 'http://127.0.0.1:1/,http://127.0.0.1:2/' }).subscribers,
    ).toHaveLength(2);
    expect(
      parseSettings('start', ['--subscriber', 'http://127.0.0.1:1/', '--subscriber', 'http://127.0.0.1:2/'], {})
        .subscribers,
    ).toHaveLength(2);
    expect(parseSettings('services', [], {})).toMatchObject({
      cosmosPort: 8081,
      blobPort: 10_000,
      queuePort: 10_001,
      eventGridPort: 6_500,
    });
  });

  it.each([
    [['--port', '80x'], '--port (LONGSHORE_PORT) must be a whole number from 0 to 65535, not "80x"'],
    [['--port', '-1'], '--port'],
    [['--port', '1e3'], 'not "1e3"'],
    [['--regions', '9'], '--regions (LONGSHORE_LOCAL_REGIONS) must be a whole number from 1 to 5, not "9"'],
    [['--subscriber', 'ftp://x'], '--subscriber (LONGSHORE_SUBSCRIBERS) must be an http or https URL, not "ftp://x"'],
    [['--porto', '1'], "Unknown option '--porto'"],
  ])('say of %j which flag is wrong, what is allowed and what was given', (args, message) => {
    expect(fault(args)).toContain(message);
  });

  it('name all faults at once', () => {
    expect(fault(['--port', 'x', '--regions', '0'])).toMatch(/--port .*; --regions /);
  });

  it('tell who forgot the two dashes where they belong', () => {
    expect(fault(['5761'])).toContain('flags stand behind two dashes: npm start -- --port 5761');
    // npm takes `--port=5761` without a word and hands nothing on.
    expect(fault([], { npm_config_port: '5761' })).toBe(
      'npm kept --port for itself: flags stand behind two dashes, as in npm start -- --port …',
    );
  });

  it('are listed for a user who asks for help', () => {
    const help = requestedHelp('start', ['--help']) ?? '';
    for (const flag of ['port', 'functions-port', 'state', 'auth', 'subscriber', 'log-level', 'regions', 'region-lag'])
      expect(help).toMatch(new RegExp(`--${flag} `));
    expect(help).toContain('LONGSHORE_COSMOS_PORT');
    expect(requestedHelp('start', ['--port', '1'])).toBeUndefined();
  });
});

describe('the ports of the local stack', () => {
  it('are all looked at before anything starts, and each that is taken is named with its flag', async () => {
    const [first, second] = [await squat(), await squat()];
    const settings = parseSettings('start', ['--port', String(first), '--functions-port', String(second)], {});
    await expect(requireFreePorts(settings)).rejects.toThrow(
      new RegExp(
        `port ${first} .*--port \\(LONGSHORE_PORT\\); port ${second} .*--functions-port \\(LONGSHORE_FUNCTIONS_PORT\\)`,
      ),
    );
  });

  it('of further regions are looked at as well', async () => {
    const taken = await squat();
    await expect(
      requireFreePorts(
        parseSettings('start', ['--port', String(taken - 2), '--regions', '3', '--functions-port', '0'], {}),
      ),
    ).rejects.toThrow(`port ${taken} `);
  });

  it('that are any free ones are not asked for', async () => {
    await expect(
      requireFreePorts(parseSettings('start', ['--port', '0', '--functions-port', '0'], {})),
    ).resolves.toBeUndefined();
  });
});

describe('the state folder', () => {
  it('is refused at once where no folder can be made', () => {
    for (const path of ['/proc/longshore', '/proc/longshore/deeper', '/dev/null/longshore'])
      expect(() => openStateFolder(path)).toThrow(/the state folder \S+ cannot be written: /);
  });
});
