import type { Attempt } from '../deploy/client.ts';
import { pushesOf, pushImage, withWebhook } from '../deploy/client.ts';
import type { Finding, Patient } from './finding.ts';
import { failed, ok } from './finding.ts';

const [patienceMs, betweenMs] = [120_000, 500];
/** Above this many seconds a webhook is late, and builds begin late. */
const lateAfter = 30;

async function waitUntil(patient: Patient, isSo: () => Promise<boolean>): Promise<number | undefined> {
  const began = patient.now().getTime();
  for (;;) {
    if (await isSo()) return (patient.now().getTime() - began) / 1_000;
    if (patient.now().getTime() - began > patienceMs) return undefined;
    await patient.pause(betweenMs);
  }
}

/** Measures the time from a push until it was counted, which a subscriber of the event does. */
export async function checkEvents(patient: Patient): Promise<Finding> {
  const { origin, call } = patient;
  const before = await pushesOf(call, origin);
  const reference = await pushImage(call, origin);
  const took = await waitUntil(patient, async () => (await pushesOf(call, origin)) > before);
  await call('DELETE of a manifest', reference, [202], { method: 'DELETE' });
  if (took === undefined)
    return failed(
      `the event of a push has not arrived after ${patienceMs / 1_000} s`,
      'check the event subscriptions, their dead letters and the function usage-record; no event is ' +
        'lost, because the outbox is swept each minute',
    );
  return took > lateAfter
    ? failed(
        `an event takes ${took.toFixed(1)} s`,
        'after an hour without requests the first event takes longer: try again, and then check the alert event-lag',
      )
    : ok(`an event arrives within ${took.toFixed(1)} s`);
}

/** Checks whether deliveries leave the deployment. */
export async function checkWebhooks(patient: Patient): Promise<Finding> {
  const { origin, call, receiver } = patient;
  return withWebhook(call, origin, receiver, async (attempts) => {
    const reference = await pushImage(call, origin);
    let first: Attempt | undefined;
    await waitUntil(patient, async () => ([first] = await attempts()).length > 0);
    await call('DELETE of a manifest', reference, [202], { method: 'DELETE' });
    return judge(first, receiver);
  });
}

function judge(attempt: Attempt | undefined, receiver: string | undefined): Finding {
  if (attempt === undefined)
    return failed(
      `no delivery was tried within ${patienceMs / 1_000} s`,
      'check the queue webhook-deliveries, its poison queue, and the functions webhooks-dispatch and webhooks-deliver',
    );
  const status = attempt.response?.status;
  if (status === undefined)
    return failed(
      `the receiver was not reached: ${attempt.failure?.why ?? 'the reason is not known'}`,
      "the app's network allows no outbound requests, or LONGSHORE_OUTBOUND does not list the network of the receiver",
    );
  if (receiver === undefined) return ok(`deliveries leave; the registry, as its own receiver, answers ${status}`);
  return status >= 200 && status < 300
    ? ok(`the receiver answers ${status}`)
    : failed(`the receiver answers ${status}`, 'the receiver must answer a signed POST with 2xx (docs/webhooks.md)');
}
