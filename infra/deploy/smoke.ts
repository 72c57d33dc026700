import { ask, callsOf, pushesOf, pushImage, until, withWebhook } from './client.ts';

export interface Smoke {
  /** The password of the user admin; without it only requests that everyone may send are tried. */
  readonly password: string | undefined;
  readonly say: (line: string) => void;
  readonly pause: (ms: number) => Promise<void>;
}

/**
 * Tries a deployment as a client does. What it pushes is deleted again; an app that has just got its code has three
 * minutes to answer.
 */
export async function smokeTest(origin: string, { password, say, pause }: Smoke): Promise<void> {
  await until(
    36,
    pause,
    async () => (await ask(`${origin}/healthz`)).status === 200,
    'GET /healthz is not 200',
    'read its answer, which names the store that does not answer; new roles may need some minutes',
  );
  const call = callsOf(origin, password);
  await call('GET /v2/', `${origin}/v2/`, password === undefined ? [200, 401] : [200]);
  if (password === undefined) {
    say('LONGSHORE_ADMIN_PASSWORD is not set: push, pull, events and webhooks were not tested.');
    return;
  }
  const before = await pushesOf(call, origin);
  await withWebhook(call, origin, undefined, async (attempts) => {
    const reference = await pushImage(call, origin);
    // A subscriber counts pushes: one more proves that the event went its way through Event Grid.
    await until(
      24,
      pause,
      async () => (await pushesOf(call, origin)) > before,
      'the event of a push did not arrive',
      'check the event subscriptions and their dead letters in the portal',
    );
    await until(
      24,
      pause,
      async () => (await attempts()).some(({ response }) => response !== undefined),
      'a delivery of a webhook was not sent, or not answered',
      'npm run doctor shows the answer; if the registry is reachable only inside a network, set LONGSHORE_OUTBOUND',
    );
    await call('DELETE of a manifest', reference, [202], { method: 'DELETE' });
  });
}
