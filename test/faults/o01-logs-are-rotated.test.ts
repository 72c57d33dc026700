import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { canRotate, rotatingLog } from '../../shared/adapters/rotating-log.ts';
import { compose } from '../../shared/app/compose.ts';
import { parseConfig } from '../../shared/app/config/config.ts';

const { Values: sample } = JSON.parse(
  readFileSync(new URL('../../local.settings.sample.json', import.meta.url), 'utf8'),
) as { Values: Record<string, string> };
const mib = 1024 * 1024;
const line = `${'x'.repeat(1023)}\n`;

describe('a log', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('of the app is put aside at 32 MiB, and no line is lost', async () => {
    const path = join(folder, 'app.log');
    const longshore = compose(parseConfig({ ...sample, LONGSHORE_LOG_FILE: path }));
    const lines = 40 * 1024;
    for (let number = 0; number < lines; number += 1) longshore.log.info({ number, text: line }, 'a line');
    await longshore.dispose();
    expect(
      readdirSync(folder)
        .filter((name) => name.startsWith('app.log'))
        .sort(),
    ).toEqual(['app.log', 'app.log.1']);
    expect(statSync(`${path}.1`).size).toBeLessThan(32 * mib + 2048);
    const read = [`${path}.1`, path].flatMap((each) =>
      readFileSync(each, 'utf8')
        .trimEnd()
        .split('\n')
        .map((text) => (JSON.parse(text) as { number: number }).number),
    );
    expect(read).toEqual(Array.from({ length: lines }, (_, number) => number));
  });

  it('takes no more of the disk than its bound, however much is written', async () => {
    const path = join(folder, 'bounded.log');
    const log = rotatingLog(path, { mib: 1, older: 2 });
    for (let count = 0; count < 10 * 1024; count += 1) log.write(line);
    await log.flush();
    const files = readdirSync(folder).filter((name) => name.startsWith('bounded.log'));
    expect(files.sort()).toEqual(['bounded.log', 'bounded.log.1', 'bounded.log.2']);
    for (const name of files) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(mib + line.length);
  });

  it('that had grown beyond the bound is put aside at the start, and one that had not is gone on with', async () => {
    const path = join(folder, 'large.log');
    writeFileSync(path, 'y'.repeat(3 * mib));
    const log = rotatingLog(path, { mib: 1, older: 2 });
    log.write(line);
    await log.flush();
    expect([statSync(`${path}.1`).size, statSync(path).size]).toEqual([3 * mib, line.length]);
    const again = rotatingLog(path, { mib: 1, older: 2 });
    again.write(line);
    await again.flush();
    expect(statSync(path).size).toBe(2 * line.length);
  });

  it('that cannot be written goes to standard error, stops nothing, and is written again when it can be', async () => {
    const blocked = join(folder, 'blocked');
    writeFileSync(blocked, '');
    const path = join(blocked, 'longshore.log');
    const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const now = vi.spyOn(Date, 'now');
    try {
      const log = rotatingLog(path, { mib: 1, older: 2 });
      log.write('first\n');
      await log.flush();
      log.write('second\n');
      expect(told.mock.calls.flat().join('')).toMatch(/cannot be written .*\nsecond\n/s);
      rmSync(blocked);
      mkdirSync(blocked);
      now.mockReturnValue(Date.parse('2100-01-01'));
      log.write('third\n');
      await log.flush();
      expect(readFileSync(path, 'utf8')).toBe('third\n');
    } finally {
      told.mockRestore();
      now.mockRestore();
    }
  });

  it('that is a device is left to be one', () => {
    expect([canRotate('/dev/null'), canRotate(join(folder, 'none.log'))]).toEqual([false, true]);
  });
});
