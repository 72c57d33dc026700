import { afterAll, beforeAll } from 'vitest';
import { conformanceActions, loggedIn } from '../../conformance/login.ts';
import { remoteApp } from '../../conformance/registry.ts';
import { guardedConformance } from '../../conformance/workflows.ts';
import type { RequiredStack } from './required-stack.ts';
import { startRequiredStack } from './required-stack.ts';

let required: RequiredStack;
let password: string;

beforeAll(async () => {
  required = await startRequiredStack();
  password = await required.makeToken('conformance', conformanceActions);
});

afterAll(() => required.stop());

// Over the emulators, with blobs by redirect: what is sent with credentials to the registry goes without them to the
// storage.
guardedConformance('the Functions host', () => {
  const stranger = remoteApp(required.stack.functionsUrl);
  return Promise.resolve({ app: loggedIn(stranger, 'conformance', password), stranger, stop: () => Promise.resolve() });
});
