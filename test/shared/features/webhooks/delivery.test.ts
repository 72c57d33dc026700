import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../../shared/features/webhooks/attempt.ts';
import { afterAttempt, ended, newDelivery } from '../../../../shared/features/webhooks/delivery.ts';
import type { Attempt } from '../../../../shared/features/webhooks/documents.ts';
import { pushEvent, Simulation } from './simulation.ts';

const attempt: Attempt = {
  at: '2026-03-01T00:00:00.000Z',
  ms: 1,
  number: 1,
  cause: 'retry',
  request: { url: 'https://receiver.example/', headers: {} },
  outcome: { is: 'timeout', why: 'no answer' },
};
const failed: Verdict = { is: 'failed', failure: 'timeout' };

describe('a delivery that two attempts were made of at once', () => {
  it('stays delivered when the later of them fails, and is delivered when either is, in whatever order they are written', async () => {
    const simulation = new Simulation();
    const hook = await simulation.hook('receiver');
    const now = simulation.clock.now();
    const delivery = newDelivery(hook, pushEvent('e1', now), now);
    const orders: Verdict[][] = [
      [{ is: 'delivered' }, failed],
      [failed, { is: 'delivered' }],
      [{ is: 'delivered' }, { is: 'gone' }],
    ];
    for (const verdicts of orders) {
      const after = verdicts.reduce((before, verdict) => afterAttempt(before, attempt, verdict, hook, now), delivery);
      expect(after).toMatchObject({
        status: 'delivered',
        attempted: 2,
        endedAt: now.toISOString(),
        attempts: [{ number: 1 }, { number: 2 }],
      });
      expect(after).not.toHaveProperty('dueAt');
      expect(after).not.toHaveProperty('failure');
    }
  });

  it('stays cancelled when the one under way fails, and is delivered when that was', async () => {
    const simulation = new Simulation();
    const hook = await simulation.hook('receiver');
    const now = simulation.clock.now();
    const cancelled = ended(newDelivery(hook, pushEvent('e1', now), now), 'cancelled', 'the webhook is disabled', now);
    expect(afterAttempt(cancelled, attempt, failed, hook, now)).toMatchObject({
      status: 'cancelled',
      because: 'the webhook is disabled',
      attempted: 1,
    });
    expect(afterAttempt(cancelled, attempt, { is: 'delivered' }, hook, now)).toMatchObject({
      status: 'delivered',
      attempted: 1,
    });
  });
});
