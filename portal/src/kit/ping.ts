import { answered, api } from './api.ts';
import { attempt, toast } from './toasts.ts';

/** Sends a ping to the receiver of a webhook, and tells how it went. */
export async function sendPing(name: string, reload: () => void): Promise<void> {
  await attempt(async () => {
    const { status, because } = await answered(api.POST('/webhooks/{name}/ping', { params: { path: { name } } }));
    if (status === 'delivered') toast(`${name} has taken the ping.`);
    else toast(`The ping of ${name} is ${status}${because === undefined ? '' : `: ${because}`}.`, { kind: 'failed' });
  });
  reload();
}
