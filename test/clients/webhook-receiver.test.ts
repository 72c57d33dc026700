import { it } from 'vitest';
import { receiverOf, tryReceiver } from '../shared/features/webhooks/receivers.ts';

it('the receiver in Python of docs/webhooks.md takes what the registry signs, and nothing else', async () => {
  await tryReceiver('python3', ['-c', await receiverOf('python')]);
});
