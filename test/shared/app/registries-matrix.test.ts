import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { acrVerbs } from '../../../shared/features/acr/http.ts';
import { registryVerbs } from '../../../shared/features/registry/http.ts';
import { ask } from '../image.ts';
import type { Deployment } from './deployment.ts';
import { consumersOf, Deliveries, deploy, documentsOf, queues, timersOf } from './deployment.ts';
import { grow, Life, look, lookAtContent, operationsOf, wither } from './life.ts';
import { meddle } from './lives.ts';

const git = 'https://git.example/team/app.git';
const dockerfile = { Dockerfile: 'FROM base:1\nFROM ghcr.io/team/base:1\n' };
let of: Deployment;
let operations: Awaited<ReturnType<typeof operationsOf>>;
let deliveries: Deliveries;
let a: Life;
let b: Life;
let before: Record<string, string>;
let after: Record<string, string>;
/** Calls of `a` after which something of `b` was another, and what. */
const changed: string[] = [];

async function ofB() {
  const { b: documents } = await documentsOf(of);
  // Each survey adds a sample, whatever it finds.
  return Object.fromEntries(Object.entries(documents).map(([id, { samples: _, ...rest }]) => [id, rest]));
}

/** Compares what is of b with what was; each difference is told once. */
async function watch(what: string, known: { documents: Awaited<ReturnType<typeof ofB>> }): Promise<void> {
  const now = await ofB();
  for (const id of new Set([...Object.keys(now), ...Object.keys(known.documents)])) {
    const [was, is] = [JSON.stringify(known.documents[id] ?? 'nothing'), JSON.stringify(now[id] ?? 'nothing')];
    if (was !== is) changed.push(`${what}: ${id}\n  ${was}\n  ${is}`);
  }
  known.documents = now;
}

beforeAll(async () => {
  of = await deploy();
  of.git.create(git);
  of.git.commit(git, 'main', dockerfile);
  operations = await operationsOf(of);
  deliveries = new Deliveries(of);
  [a, b] = [new Life(of, 'a', operations), new Life(of, 'b', operations)];
  await grow(b, git, () => deliveries.settle());
  await deliveries.tick();
  await deliveries.settle();
  await deliveries.tick();
  const contents = await lookAtContent(b);
  // The counters have these pulls before the rest is asked.
  await deliveries.settle();
  before = { ...contents, ...(await look(b)) };
  const known = { documents: await ofB() };
  a.after = (call) => watch(call, known);
  const settle = async () => {
    await deliveries.settle();
    await watch('events and queues', known);
  };
  await grow(a, git, settle);
  await settle();
  await look(a);
  await lookAtContent(a);
  await meddle(a, b.kept);
  await settle();
  await deliveries.tick();
  await watch('timers', known);
  await wither(a, settle);
  await settle();
  await deliveries.tick();
  await watch('timers after all', known);
  after = await look(b);
  after = { ...(await lookAtContent(b)), ...after };
}, 600_000);

describe('whatever is done in one of two registries of a deployment, with the same names in both', () => {
  it('changes no document of the other', () => {
    expect(changed).toEqual([]);
  });

  it('changes no answer of the other', () => {
    expect(after).toEqual(before);
  });

  it('left the other more than nothing to lose', async () => {
    const { default: own, ...all } = await documentsOf(of);
    const types = new Set(Object.values(all.b).map(({ type }) => type));
    for (const type of ['manifest', 'tag', 'token', 'scope-map', 'webhook', 'delivery', 'purge-policy', 'task'])
      expect([...types]).toContain(type);
    for (const type of ['node', 'edge', 'watched', 'usage-total', 'binned', 'replica', 'replicated', 'key-ring'])
      expect([...types]).toContain(type);
    // Nobody spoke to the registry of the other hosts: what it has is about the deployment.
    const about = ['leftovers', 'tag-places', 'usage-survey', 'usage-tracking', 'webhook-dispatch'];
    expect(Object.values(own).filter(({ type }) => !about.includes(String(type)))).toEqual([]);
  });
});

describe('the matrix', () => {
  it('has every operation of the management API', () => {
    const uncalled = [...operations.keys()].filter((operation) => !a.called.has(operation));
    expect(uncalled, 'call these in test/shared/features/NAME/life.ts').toEqual([]);
  });

  it('has every endpoint and verb of /v2 and /acr/v1', () => {
    for (const [word, verbs] of [
      ['v2', registryVerbs],
      ['acr', acrVerbs],
    ] as const) {
      const all = Object.entries(verbs).flatMap(([to, methods]) => methods.map((method) => `${word} ${to} ${method}`));
      expect(all.filter((call) => !a.called.has(call))).toEqual([]);
    }
  });

  it('has every endpoint of /oauth2', async () => {
    const allowed = async (path: string) => (await ask(of.app, 'DELETE', path)).headers.get('allow')?.split(', ') ?? [];
    for (const endpoint of ['token', 'exchange'])
      for (const method of await allowed(`/oauth2/${endpoint}`))
        expect([...a.called]).toContain(`oauth2 ${endpoint} ${method}`);
  });

  it('has every trigger of functions/, by its kind', () => {
    const root = join(import.meta.dirname, '../../../functions');
    const calledBy = (kind: string) =>
      globSync(join(root, `*/*.${kind}.ts`)).flatMap((path) =>
        [...readFileSync(path, 'utf8').matchAll(/composed\(\)\.\w+\['([^']+)'\]\(/g)].map(([, name]) => name),
      );
    const queueNames = globSync(join(root, '*/*.queue.ts')).map(
      (path) => /queueName: '([^']+)'/.exec(readFileSync(path, 'utf8'))?.[1],
    );
    expect(new Set(calledBy('event'))).toEqual(new Set(consumersOf(of)));
    expect(new Set(calledBy('queue'))).toEqual(new Set(Object.values(queues)));
    expect(new Set(queueNames)).toEqual(new Set(Object.keys(queues)));
    expect(new Set(calledBy('timer'))).toEqual(new Set(timersOf(of)));
  });
});
