import { readFile } from 'node:fs/promises';
import { buildahRunner } from '../../shared/adapters/buildah/runner.ts';
import { sandboxed } from './builder.ts';

// Builds one context, a tar archive, and does nothing else: a process that a test may end in the middle.

const context = new Blob([await readFile(process.argv[2] ?? '')]).stream();
const job = {
  id: 'once',
  context,
  annotations: {},
  secrets: {},
  dockerfile: 'Dockerfile',
  pins: {},
  arguments: {},
  platform: 'linux/amd64',
  plainHosts: [],
  ownHosts: [],
  timeoutMs: 60_000,
};
await buildahRunner(sandboxed()).build(job, () => undefined, new AbortController().signal);
