import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import storage from '../../infra/storage-queues.json' with { type: 'json' };
import { composeForTest } from '../../shared/app/compose-for-test.ts';

interface Registration {
  readonly path: string;
  readonly kind: 'events' | 'messages' | 'timers';
  /** The name under which the host knows the function. */
  readonly name: string;
  /** The trigger of a feature that it calls. */
  readonly calls: string;
  readonly queue: string | undefined;
}

const kinds = { eventGrid: 'events', storageQueue: 'messages', timer: 'timers' } as const;

const registrations = globSync('functions/*/*.{event,queue,timer}.ts').map((path): Registration => {
  const text = readFileSync(path, 'utf8');
  const [, registers, name = ''] = /app\.(eventGrid|storageQueue|timer)\('([^']+)'/.exec(text) ?? [];
  const [, calls = ''] = /composed\(\)\.(?:events|messages|timers)\['([^']+)'\]/.exec(text) ?? [];
  const [, queue] = /queueName: '([^']+)'/.exec(text) ?? [];
  return { path, kind: kinds[registers as keyof typeof kinds], name, calls, queue };
});

describe('the functions', () => {
  it.each(registrations)('$path is named as its function, and calls the trigger of that name', (registration) => {
    const { path, name, calls, kind } = registration;
    expect(name).toBe(
      path
        .replace(/^functions\//, '')
        .replace(/\.\w+\.ts$/, '')
        .replace('/', '-'),
    );
    expect(calls).toBe(name);
    expect(Object.keys(composeForTest()[kind])).toContain(name);
  });

  it.each(['events', 'messages', 'timers'] as const)('are as many as the features have %s', (kind) => {
    const registered = registrations.filter((each) => each.kind === kind).map(({ name }) => name);
    expect(registered.toSorted()).toEqual(Object.keys(composeForTest()[kind]).toSorted());
  });

  it('read queues that the templates and the local stack make', () => {
    const read = registrations.flatMap(({ kind, queue }) => (kind === 'messages' ? [queue] : []));
    expect(read.length).toBeGreaterThan(4);
    expect(read.filter((queue) => queue === undefined || !storage.queues.includes(queue))).toEqual([]);
  });
});
