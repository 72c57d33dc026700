import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSubscriptionFile, subscriptionSchema } from '../../../emulators/event-grid/subscription.ts';
import { webhook } from './topic-fixture.ts';

const filters = (count: number, values: number): object => ({
  advancedFilters: Array.from({ length: count }, () => ({
    operatorType: 'StringIn',
    key: 'a',
    values: Array(values).fill('x'),
  })),
});

describe('the subscription file', () => {
  it('of the project is valid, and every subscription in it keeps its dead letters', async () => {
    const subscriptions = await readSubscriptionFile(
      join(import.meta.dirname, '../../../infra/event-subscriptions.json'),
    );
    expect(subscriptions.map(({ name }) => name)).toContain('usage');
    expect(subscriptions.filter(({ deadLetter }) => deadLetter === undefined)).toEqual([]);
  });

  it('is refused with every fault listed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'subscriptions-'));
    const path = join(folder, 'subscriptions.json');
    await writeFile(path, JSON.stringify({ subscriptions: [{ name: 'a b', destination: { type: 'AzureFunction' } }] }));
    await expect(readSubscriptionFile(path)).rejects.toThrow(
      /subscriptions\[0\]\.name[^]*destination\.function|destination\.function[^]*\[0\]\.name/,
    );
    await rm(folder, { recursive: true });
  });
});

describe('a subscription', () => {
  it('has Azure’s retry policy when it names none', () => {
    const { retryPolicy } = subscriptionSchema.parse(webhook('http://127.0.0.1/'));
    expect(retryPolicy).toEqual({ maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 });
  });

  it.each([
    ['a name that Azure refuses', { name: 'ab' }],
    ['an unknown property', { filters: {} }],
    ['more attempts than 30', { retryPolicy: { maxDeliveryAttempts: 31 } }],
    ['a time to live of more than a day', { retryPolicy: { eventTimeToLiveInMinutes: 1441 } }],
    ['a container name that Azure refuses', { deadLetter: { container: 'Dead_Letters' } }],
    ['a receiver that is not http', { destination: { type: 'WebHook', url: 'ftp://127.0.0.1/' } }],
    ['an unknown operator', { filter: { advancedFilters: [{ operatorType: 'StringLike', key: 'a', values: ['x'] }] } }],
    ['more than 25 filters', { filter: filters(26, 1) }],
    ['more than 25 values over all filters', { filter: filters(2, 13) }],
  ])('is refused with %s', (_, overrides) => {
    expect(subscriptionSchema.safeParse({ ...webhook('http://127.0.0.1/'), ...overrides }).success).toBe(false);
  });
});
