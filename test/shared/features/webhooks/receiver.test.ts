import { it } from 'vitest';
import { receiverOf, tryReceiver } from './receivers.ts';

it('the receiver in TypeScript of docs/webhooks.md takes what the registry signs, and nothing else', async () => {
  await tryReceiver(process.execPath, [
    '--input-type=module-typescript',
    '--disable-warning=ExperimentalWarning',
    '-e',
    await receiverOf('ts'),
  ]);
});
