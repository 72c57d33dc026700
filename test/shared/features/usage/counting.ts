import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import { ask } from '../../image.ts';

/** The API's answer about a repository or a registry, as far as tests look at it. */
export interface Usage {
  readonly pulls: number;
  readonly heads: number;
  readonly blobPulls: number;
  readonly pushes: number;
  readonly trackedSince?: string;
  readonly lastPull?: string;
  readonly lastHead?: string;
  readonly lastPush?: string;
  readonly sizes?: Readonly<Record<string, number>>;
  readonly period: {
    readonly pulls: number;
    readonly byClient: Readonly<Record<string, { pulls: number; heads: number; pushes: number }>>;
    readonly byRegion: Readonly<Record<string, { pulls: number }>>;
    readonly series: readonly { at: string; pulls: number }[];
  };
}

export async function usageOf({ app }: TestLongshore, query: Readonly<Record<string, string>> = {}): Promise<Usage> {
  const answer = await ask(app, 'GET', `/api/v1/usage?${new URLSearchParams(query).toString()}`);
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Usage;
}

/** As the queue's trigger would: everything that is counted, until the queue is empty. */
export async function foldAll(longshore: TestLongshore): Promise<unknown[]> {
  await longshore.flush();
  const messages = longshore.world.region().queues.drain('usage-pulls');
  for (const message of messages) await longshore.messages['usage-fold'](message);
  return messages;
}

/** Delivers every event that was published so far. */
export async function deliverEvents(longshore: TestLongshore): Promise<void> {
  for (const event of longshore.world.region().events.log) await longshore.events['usage-record'](event);
}

export function as(userAgent: string): { readonly headers: Record<string, string> } {
  return { headers: { 'user-agent': userAgent } };
}
