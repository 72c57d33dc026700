import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParsedConfig } from '../../../../shared/features/images/config.ts';
import { parseConfig } from '../../../../shared/features/images/config.ts';

function parsed(json: unknown): ParsedConfig {
  const config = parseConfig(json);
  if (config === undefined) throw new Error('it is no config');
  return config;
}

describe('the config of an image', () => {
  it('is shown with what it says of how the image runs', () => {
    const { shown, diffIds } = parsed({
      os: 'linux',
      architecture: 'arm64',
      variant: 'v8',
      created: '2026-01-01T00:00:00Z',
      author: 'somebody',
      config: {
        User: '1000',
        WorkingDir: '/app',
        Entrypoint: ['/app/run'],
        Cmd: ['--serve'],
        Env: ['PATH=/bin', 'A=1'],
        ExposedPorts: { '80/tcp': {}, '443/tcp': {} },
        Volumes: { '/data': {} },
        Labels: { version: '1.4' },
        StopSignal: 'SIGINT',
        Healthcheck: { Test: ['CMD', 'check'], Interval: 30_000_000_000, Timeout: 2_000_000_000, Retries: 3 },
      },
      rootfs: { type: 'layers', diff_ids: [`sha256:${'1'.repeat(64)}`] },
    });
    expect(shown).toEqual({
      os: 'linux',
      architecture: 'arm64',
      variant: 'v8',
      created: '2026-01-01T00:00:00Z',
      author: 'somebody',
      user: '1000',
      workingDir: '/app',
      entrypoint: ['/app/run'],
      cmd: ['--serve'],
      env: ['PATH=/bin', 'A=1'],
      exposedPorts: ['80/tcp', '443/tcp'],
      volumes: ['/data'],
      labels: { version: '1.4' },
      stopSignal: 'SIGINT',
      healthcheck: { test: ['CMD', 'check'], intervalSeconds: 30, timeoutSeconds: 2, retries: 3 },
    });
    expect(diffIds).toEqual([`sha256:${'1'.repeat(64)}`]);
  });

  it('is read whatever types its properties have', () => {
    fc.assert(
      fc.property(
        fc.record(
          Object.fromEntries(
            ['os', 'config', 'history', 'rootfs', 'created', 'architecture'].map((name) => [
              name,
              fc.oneof(
                fc.jsonValue(),
                fc.dictionary(
                  fc.constantFrom('Env', 'Cmd', 'Labels', 'ExposedPorts', 'Healthcheck', 'diff_ids', 'Test'),
                  fc.jsonValue(),
                ),
              ),
            ]),
          ),
        ),
        (json) => {
          for (const text of parsed(json).shown.env ?? []) expect(typeof text).toBe('string');
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of another kind of JSON is none', () => {
    for (const json of [undefined, null, [], 'text', 1]) expect(parseConfig(json)).toBeUndefined();
  });

  it('keeps labels of any name and text as they are', () => {
    const labels = JSON.parse('{"__proto__":"a","constructor":"b","<script>":"\\u0000\\u202e<img>"}') as object;
    const shown = parseConfig({ config: { Labels: labels } })?.shown.labels;
    expect(Object.entries(shown ?? {})).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['<script>', '\u0000\u202e<img>'],
    ]);
  });

  it('is cut where it is long, never within a character', () => {
    const long = `${'a'.repeat(4_095)}😀`;
    const { shown } = parsed({ config: { Env: Array.from({ length: 300 }, (_, n) => `A${n}=`), User: long } });
    expect(shown.env).toHaveLength(200);
    expect(shown.more).toBe(true);
    expect(shown.user).toBe(`${'a'.repeat(4_095)}…`);
  });
});
