import { globSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { inInvocation, invocationLog } from '../../functions/invocation-log.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const log = pino({ level: 'debug' }, invocationLog);

function contextCalled(name: string, said: [string, string, string][]) {
  const keep = (level: string) => (line: string) =>
    void said.push([name, level, (JSON.parse(line) as { msg: string }).msg]);
  return { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
}

afterEach(() => vi.restoreAllMocks());

describe('a line of the log under the Functions host', () => {
  it('goes to the invocation that it belongs to, of several at once, at its own level', async () => {
    const said: [string, string, string][] = [];
    const invoked = (name: string) =>
      inInvocation(contextCalled(name, said), async () => {
        log.info({ status: 200 }, `${name} begins`);
        await delay(20);
        log.error(`${name} fails`);
      });
    await Promise.all([invoked('one'), invoked('two')]);
    expect(said.sort()).toEqual([
      ['one', 'error', 'one fails'],
      ['one', 'info', 'one begins'],
      ['two', 'error', 'two fails'],
      ['two', 'info', 'two begins'],
    ]);
    await inInvocation(contextCalled('three', said), () => {
      log.debug('looked');
      log.warn('odd');
      log.fatal('broken');
      return Promise.resolve();
    });
    expect(said.slice(4)).toEqual([
      ['three', 'debug', 'looked'],
      ['three', 'warn', 'odd'],
      ['three', 'error', 'broken'],
    ]);
  });

  it('goes to standard output when it belongs to none, or comes after the end of its invocation', async () => {
    const said: [string, string, string][] = [];
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    let late: Promise<void> | undefined;
    await inInvocation(contextCalled('over', said), () => {
      late = delay(20).then(() => {
        log.info('late');
      });
      return Promise.resolve();
    });
    await late;
    log.info('of nobody');
    expect(said).toEqual([]);
    expect(written.mock.calls.map(([line]) => (JSON.parse(String(line)) as { msg: string }).msg)).toEqual([
      'late',
      'of nobody',
    ]);
  });

  it('is the one line of a request: the host says nothing of its own about an HTTP function that succeeds', () => {
    const {
      logging: { logLevel },
    } = JSON.parse(readFileSync(`${root}host.json`, 'utf8')) as { logging: { logLevel: Record<string, string> } };
    const names = globSync('functions/**/*.http.ts', { cwd: root }).map(
      (path) => /app\.http\('([^']+)'/.exec(readFileSync(`${root}${path}`, 'utf8'))?.[1] ?? path,
    );
    expect(names.length).toBeGreaterThan(5);
    for (const name of names)
      expect(logLevel).toMatchObject({ [`Function.${name}`]: 'Warning', [`Function.${name}.User`]: 'Information' });
    expect(Object.keys(logLevel).filter((category) => category.startsWith('Function.')).length).toBe(2 * names.length);
  });
});
