import { afterAll, beforeAll } from 'vitest';
import { remoteApp } from '../../conformance/registry.ts';
import { conformance } from '../../conformance/workflows.ts';
import type { RunningStack } from './running-stack.ts';
import { startRunningStack, stateFolder } from './running-stack.ts';

let stack: RunningStack;
let state: Awaited<ReturnType<typeof stateFolder>>;

beforeAll(async () => {
  state = await stateFolder();
  stack = await startRunningStack(state.path);
});

afterAll(async () => {
  await stack.stop();
  await state.remove();
});

// Over the emulators, with blobs by redirect: what a user of the stack gets.
conformance('the Functions host', () =>
  Promise.resolve({ app: remoteApp(stack.functionsUrl), stop: () => Promise.resolve() }),
);
