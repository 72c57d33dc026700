import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventGrid, EventGridOptions } from '../../../emulators/event-grid/start.ts';
import { startEventGrid } from '../../../emulators/event-grid/start.ts';
import type { SubscriptionInput } from '../../../emulators/event-grid/subscription.ts';

export const keys = ['b25lIG9mIHRoZSBrZXlz', 'dGhlIG90aGVyIGtleQ=='] as const;

export interface TestTopic extends EventGrid, AsyncDisposable {
  readonly folder: string;
  readonly lines: readonly string[];
  /** Publishes one structured event, or several as a batch, with the first key. */
  publish(...events: readonly object[]): Promise<Response>;
}

/** A topic with a state file of its own, unless `folder` names one to go on with. */
export async function startTopic(
  options: Partial<EventGridOptions> & { readonly folder?: string } = {},
): Promise<TestTopic> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'eventgrid-')));
  const forget = async (): Promise<void> => {
    if (options.folder === undefined) await rm(folder, { recursive: true });
  };
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const start = startEventGrid({ statePath: join(folder, 'topic.sqlite'), keys, subscriptions: [], log, ...options });
  const topic = await start.catch(async (error: unknown) => {
    await forget();
    throw error;
  });
  return {
    ...topic,
    folder,
    lines,
    publish: (...events) => publish(topic.endpoint, events),
    [Symbol.asyncDispose]: async () => {
      await topic.stop();
      await forget();
    },
  };
}

function publish(endpoint: string, events: readonly object[]): Promise<Response> {
  const [only] = events;
  const mode = events.length === 1 ? 'cloudevents' : 'cloudevents-batch';
  return fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': `application/${mode}+json`, 'aeg-sas-key': keys[0] },
    body: JSON.stringify(events.length === 1 ? only : events),
  });
}

/** A valid event; `overrides` replaces or adds attributes. */
export function event(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    specversion: '1.0',
    id: crypto.randomUUID(),
    source: '/registries/local',
    type: 'Longshore.Test',
    data: { n: 1 },
    ...overrides,
  };
}

/** A subscription of a receiver at `url` to everything. */
export function webhook(url: string, overrides: Partial<SubscriptionInput> = {}): SubscriptionInput {
  return { name: 'receiver', destination: { type: 'WebHook', url }, ...overrides };
}
