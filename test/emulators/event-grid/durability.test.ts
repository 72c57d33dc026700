import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateFile } from '../../../emulators/event-grid/state-file.ts';
import { startReceiver, until } from './receiver.ts';
import { event, keys, startTopic, webhook } from './topic-fixture.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'eventgrid-'))));
afterEach(() => rm(folder, { recursive: true }));

/** A topic in a process of its own; `kill` is `kill -9`. */
async function startTopicProcess(receiverUrl: string): Promise<{ endpoint: string; kill: () => Promise<void> }> {
  const start = new URL('../../../emulators/event-grid/start.ts', import.meta.url).href;
  const options = JSON.stringify({
    statePath: join(folder, 'topic.sqlite'),
    keys,
    subscriptions: [webhook(receiverUrl)],
  });
  const program = `const { startEventGrid } = await import(${JSON.stringify(start)});
    console.log((await startEventGrid(${options})).endpoint);`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [endpoint] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { endpoint, kill };
}

describe('the state file', () => {
  it('keeps every acknowledged event through kill -9, and the next start delivers them', async () => {
    await using receiver = await startReceiver(() => undefined);
    const first = await startTopicProcess(receiver.url);
    const ids = Array.from({ length: 40 }, (_, index) => `event-${index}`);
    const batch = JSON.stringify(ids.map((id) => event({ id })));
    const headers = { 'content-type': 'application/cloudevents-batch+json', 'aeg-sas-key': keys[0] };
    const response = await fetch(first.endpoint, { method: 'POST', headers, body: batch });
    expect(response.status).toBe(200);
    await first.kill();

    await using second = await startReceiver();
    await using topic = await startTopic({ folder, subscriptions: [webhook(second.url)] });
    await until(() => topic.pending() === 0);
    expect(new Set(second.events().map(({ id }) => id))).toEqual(new Set(ids));
  });

  it('keeps the count of attempts and the time of the next one', async () => {
    await using receiver = await startReceiver(({ headers }) => (headers['aeg-delivery-count'] === '0' ? 500 : 200));
    const subscriptions = [webhook(receiver.url)];
    const first = await startTopic({ folder, subscriptions, timeScale: 20 });
    await first.publish(event());
    await until(() => first.lines.length === 1);
    await first.stop();

    await using topic = await startTopic({ folder, subscriptions, timeScale: 20 });
    const [failed, delivered] = await receiver.whenReceived(2);
    expect(delivered?.headers['aeg-delivery-count']).toBe('1');
    expect((delivered?.at ?? 0) - (failed?.at ?? 0)).toBeGreaterThanOrEqual(499);
    await until(() => topic.pending() === 0);
  });

  it('keeps events of a subscription that comes back later', async () => {
    await using receiver = await startReceiver(() => 500);
    const first = await startTopic({ folder, subscriptions: [webhook(receiver.url)] });
    await first.publish(event({ id: 'kept' }));
    await until(() => first.lines.length === 1);
    await first.stop();

    const without = await startTopic({ folder });
    expect(without.pending()).toBe(0);
    await without.stop();
    await using topic = await startTopic({ folder, subscriptions: [webhook(receiver.url)] });
    expect(topic.pending()).toBe(1);
  });

  it('gives up what expired while no topic ran, without another attempt', async () => {
    await using receiver = await startReceiver(() => 500);
    const subscriptions = [webhook(receiver.url)];
    const first = await startTopic({ folder, subscriptions });
    await first.publish(event({ id: 'old' }));
    await until(() => first.lines.length === 1);
    await first.stop();

    await using topic = await startTopic({ folder, subscriptions, now: () => Date.now() + 24 * 3_600_000 });
    await until(() => topic.pending() === 0);
    expect(topic.lines).toEqual([
      'Event old for "receiver" dropped: given up (TimeToLiveExceeded), and it has no dead-letter destination.',
    ]);
    expect(receiver.received).toHaveLength(1);
  });

  it('forgets what expired for a subscription that is gone, and only that', () => {
    const state = new StateFile(join(folder, 'topic.sqlite'));
    const target = (subscription: string, expires: number): { subscription: string; expires: number } => ({
      subscription,
      expires,
    });
    state.add(
      [
        { json: '{}', targets: [target('gone', 10), target('kept', 10)] },
        { json: '{}', targets: [target('gone', 30)] },
      ],
      0,
    );
    state.forgetExpired(['kept'], 20);
    expect([state.count('gone'), state.count('kept')]).toEqual([1, 1]);
    expect(state.read('kept', 1).json).toBe('{}');
    state.close();
  });

  it('serves one topic at a time', async () => {
    await using first = await startTopic({ folder });
    const second = (): StateFile => new StateFile(join(folder, 'topic.sqlite'), 100);
    expect(second).toThrow(/^The Event Grid state file .* cannot be used: database is locked\.$/);
    expect(first.pending()).toBe(0);
  });

  it('that is not one is refused in one sentence', async () => {
    await writeFile(
      join(folder, 'topic.sqlite'),
      'something else, and long enough not to be taken for an empty file'.repeat(20),
    );
    await expect(startTopic({ folder })).rejects.toThrow(
      /^The Event Grid state file .* cannot be used: file is not a database\.$/,
    );
  });
});

describe('stopping a topic', () => {
  it('lets deliveries under way end', async () => {
    await using receiver = await startReceiver(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return 200;
    });
    const topic = await startTopic({ folder, subscriptions: [webhook(receiver.url)] });
    await topic.publish(event());
    await receiver.whenReceived(1);
    await topic.stop();
    await using next = await startTopic({ folder, subscriptions: [webhook(receiver.url)] });
    expect(next.pending()).toBe(0);
  });

  it('does not wait longer than 5 s, and leaves the delivery pending without counting an attempt', async () => {
    await using stalled = await startReceiver(() => undefined);
    const topic = await startTopic({ folder, subscriptions: [webhook(stalled.url)] });
    await topic.publish(event());
    await stalled.whenReceived(1);
    const started = Date.now();
    await topic.stop();
    expect(Date.now() - started).toBeLessThan(5_500);

    await using receiver = await startReceiver();
    await using next = await startTopic({ folder, subscriptions: [webhook(receiver.url)] });
    const [received] = await receiver.whenReceived(1);
    expect(received?.headers['aeg-delivery-count']).toBe('0');
    await until(() => next.pending() === 0);
  });
});
