import { describe, expect, it } from 'vitest';
import type { MemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { ContentGate, Gate, Operation, Question } from '../../../../shared/core/admission/gate.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import type { AcrRoute } from '../../../../shared/features/acr/route.ts';
import type { Route } from '../../../../shared/features/registry/route.ts';
import { ask, makeImage, pushImage, putManifest } from '../../image.ts';
import { adminPassword, composeRequired } from '../identity/required.ts';
import { makeIndex, naming } from '../recycle-bin/binned.ts';

const repository = 'team/app';
const child = makeImage('child', 1);
const index = makeIndex([child]);
const referrer = makeImage('signature', 1, naming(index));
const gone = makeImage('deleted', 1);
const layerDigest = digestOf(child.layers[0] ?? Buffer.alloc(0));

const denied = { is: 'denied', why: 'not proven yet', detail: { policy: 'all', reasons: ['unsigned'] } } as const;

function gate(refuses: (question: Question) => boolean): ContentGate {
  const ask = (question: Question) => (refuses(question) ? ({ is: 'refused', fault: denied } as const) : undefined);
  return { kind: 'hold', name: 'for tests', ask };
}

/** A registry that holds an index with a child and a signature, and a deleted image. */
async function filled(): Promise<MemoryWorld> {
  const { app, world } = composeForTest();
  await pushImage(app, repository, child.digest, child);
  await putManifest(app, repository, 'v1', index);
  await pushImage(app, repository, referrer.digest, referrer);
  await pushImage(app, repository, 'gone', gone);
  await ask(app, 'DELETE', `/v2/${repository}/manifests/${gone.digest}`);
  return world;
}

/** For what is refused, or only read, so that it stays as it is. */
const unchanged = await filled();

function over(world: MemoryWorld, ...gates: readonly Gate[]): TestLongshore {
  return composeForTest({ world, settings: { gates } });
}

/** One of its own for what changes it. */
async function worldFor({ method }: Way): Promise<MemoryWorld> {
  return method === 'GET' || method === 'HEAD' ? unchanged : filled();
}

async function behind(...gates: readonly Gate[]): Promise<TestLongshore> {
  return over(await filled(), ...gates);
}

interface Way {
  readonly operation: Operation;
  readonly method: string;
  readonly path: string;
  readonly body?: Uint8Array | string;
}

const of = (path: string) => `/v2/${repository}/${path}`;

/** Every endpoint of the data plane, and its ways to bytes and manifests, or to a change of what is served. */
const ways: Record<Route['to'], readonly Way[]> = {
  base: [],
  manifest: [
    { operation: 'pull', method: 'GET', path: of('manifests/v1') },
    { operation: 'pull', method: 'GET', path: of(`manifests/${index.digest}`) },
    { operation: 'pull', method: 'GET', path: of(`manifests/${child.digest}`) },
    { operation: 'pull', method: 'GET', path: of(`manifests/${referrer.digest}`) },
    { operation: 'head', method: 'HEAD', path: of('manifests/v1') },
    { operation: 'head', method: 'HEAD', path: of(`manifests/${child.digest}`) },
    { operation: 'push', method: 'PUT', path: of(`manifests/${child.digest}`), body: child.bytes },
    { operation: 'tag', method: 'PUT', path: of('manifests/v1'), body: child.bytes },
    { operation: 'tag', method: 'PUT', path: of('manifests/new'), body: child.bytes },
    { operation: 'delete', method: 'DELETE', path: of('manifests/v1') },
    { operation: 'delete', method: 'DELETE', path: of(`manifests/${referrer.digest}`) },
  ],
  blob: [
    { operation: 'blob', method: 'GET', path: of(`blobs/${layerDigest}`) },
    { operation: 'blob', method: 'HEAD', path: of(`blobs/${layerDigest}`) },
    { operation: 'delete', method: 'DELETE', path: of(`blobs/${layerDigest}`) },
  ],
  catalog: [],
  // A mount has a test of its own: what is refused is uploaded instead.
  uploads: [],
  upload: [],
  tags: [],
  referrers: [],
};

/** The same of ACR's API. */
const acrWays: Record<AcrRoute['to'], readonly Way[]> = {
  catalog: [],
  repository: [{ operation: 'delete', method: 'DELETE', path: `/acr/v1/${repository}` }],
  tags: [],
  tag: [{ operation: 'delete', method: 'DELETE', path: `/acr/v1/${repository}/_tags/v1` }],
  manifests: [],
  manifest: [],
  'deleted-catalog': [],
  'deleted-manifests': [],
  'deleted-tags': [],
  'deleted-manifest': [
    { operation: 'restore', method: 'POST', path: `/acr/v1/_deleted/${repository}/_manifests/${gone.digest}` },
    {
      operation: 'restore',
      method: 'POST',
      path: `/acr/v1/_deleted/${repository}/_manifests/${gone.digest}`,
      body: '{"tag":"gone"}',
    },
  ],
};

const all = [...Object.values(ways), ...Object.values(acrWays)].flat();
const named = all.map(
  (way) => [`${way.method} ${way.path}${way.body === '{"tag":"gone"}' ? ' by tag' : ''}`, way] as const,
);

function go({ app }: Pick<TestLongshore, 'app'>, { method, path, body }: Way): Promise<Response> {
  return ask(app, method, path, {
    ...(body === undefined ? {} : { body }),
    ...(method === 'PUT' ? { headers: { 'content-type': child.mediaType } } : {}),
  });
}

describe('a gate that refuses everything', () => {
  it.each(named)('is asked by %s, and says why', async (_, way) => {
    const answer = await go(
      over(
        unchanged,
        gate(() => true),
      ),
      way,
    );
    expect(answer.status).toBe(403);
    expect(answer.headers.get('x-request-id')).not.toBeNull();
    if (way.method === 'HEAD') return;
    expect(await answer.json()).toEqual({
      errors: [{ code: 'DENIED', message: denied.why, detail: denied.detail }],
    });
  });

  it('has a mount end in an upload, with a source or without, and no link made', async () => {
    const longshore = await behind(gate(() => true));
    for (const query of [`mount=${layerDigest}&from=${repository}`, `mount=${layerDigest}`]) {
      expect((await ask(longshore.app, 'POST', `/v2/team/other/blobs/uploads/?${query}`)).status).toBe(202);
      const open = composeForTest({ world: longshore.world });
      expect((await ask(open.app, 'HEAD', `/v2/team/other/blobs/${layerDigest}`)).status).toBe(404);
    }
  });
});

describe('a gate that refuses one operation', () => {
  it.each(named)('is what refuses %s, and gates that refuse the others are not', async (_, way) => {
    const its = over(
      unchanged,
      gate(({ operation }) => operation === way.operation),
    );
    expect((await go(its, way)).status).toBe(403);
    const others = over(
      await worldFor(way),
      gate(({ operation }) => operation !== way.operation && !follows(way, operation)),
    );
    expect((await go(others, way)).status).not.toBe(403);
  });
});

/** A push of a tag pushes its manifest; a blob that is listed is not deleted whatever gates say. */
function follows({ operation }: Way, other: Operation): boolean {
  return operation === 'tag' && other === 'push';
}

describe('a gate that goes by the manifest', () => {
  const quarantine: ContentGate = {
    kind: 'hold',
    name: 'quarantine',
    ask: ({ operation, manifest }) =>
      (operation === 'pull' || operation === 'head') && manifest?.quarantine?.state === 'Quarantined'
        ? { is: 'refused', fault: denied }
        : undefined,
  };
  it('reads nothing for it: a pull makes the calls that it makes without', async () => {
    const counts = [];
    for (const gates of [[], [quarantine]]) {
      const { app, memory } = await behind(...gates);
      for (const reference of ['v1', index.digest, 'v1', child.digest]) {
        memory.calls.resetCounts();
        expect((await ask(app, 'GET', of(`manifests/${reference}`))).status).toBe(200);
        counts.push([...memory.calls.list]);
      }
    }
    expect(counts.slice(4)).toEqual(counts.slice(0, 4));
  });

  it('holds one image by tag, by digest and by HEAD, as soon as it says so, and no other', async () => {
    const { app } = await behind(quarantine);
    const status = async (method: string, reference: string) =>
      (await ask(app, method, of(`manifests/${reference}`))).status;
    for (const reference of ['v1', index.digest, child.digest]) expect(await status('GET', reference)).toBe(200);
    const held = JSON.stringify({ quarantineState: 'Quarantined' });
    const path = `/acr/v1/${repository}/_manifests/${index.digest}`;
    expect((await ask(app, 'PATCH', path, { body: held })).status).toBe(200);
    for (const reference of ['v1', index.digest])
      for (const method of ['GET', 'HEAD']) expect(await status(method, reference)).toBe(403);
    expect(await status('GET', child.digest)).toBe(200);
    expect((await ask(app, 'GET', of(`blobs/${layerDigest}`))).status).toBe(307);
  });

  it('is told who asks and by which tag', async () => {
    const questions: Question[] = [];
    const { app } = await behind(gate((question) => (questions.push(question), false)));
    await ask(app, 'GET', of('manifests/v1'));
    await ask(app, 'HEAD', of(`manifests/${child.digest}`));
    const ofManifest = questions.filter(({ manifest }) => manifest !== undefined);
    expect(ofManifest.map(({ operation, tag, manifest }) => [operation, tag?.name, manifest?.digest])).toEqual([
      ['pull', 'v1', index.digest],
      ['head', undefined, child.digest],
    ]);
    for (const { asker, key } of questions) {
      expect(asker?.caller.actor).toBe('anonymous');
      expect(key).toEqual({ registry: 'default', repository });
    }
  });
});

describe('a gate in audit mode', () => {
  const audit: ContentGate = {
    kind: 'hold',
    name: 'audit',
    ask: ({ repository: entry }) => (entry === undefined ? undefined : { is: 'noted', warning: 'it is not "signed"' }),
  };
  const warning = String.raw`299 - "it is not \"signed\""`;

  it.each(named.filter(([, { operation }]) => operation !== 'tag'))('lets %s happen', async (_, way) => {
    const without = await go(over(await worldFor(way)), way);
    const answer = await go(over(await worldFor(way), audit), way);
    expect(answer.status).toBe(without.status);
  });

  it('warns on every pull, refused or not, and on no answer that it says nothing of', async () => {
    const { app } = await behind(audit);
    for (const path of [of('manifests/v1'), of(`blobs/${layerDigest}`), of('manifests/absent')])
      for (const method of ['GET', 'HEAD']) expect((await ask(app, method, path)).headers.get('warning')).toBe(warning);
    expect((await ask(app, 'GET', of('tags/list'))).headers.get('warning')).toBeNull();
  });
});

describe('network and rate gates', () => {
  const turnedAway = (kind: 'network' | 'rate') =>
    ({ kind, name: kind, ask: () => ({ is: 'refused', fault: { ...denied, why: kind } }) }) as Gate;

  it('turn a request away before anything is read for it', async () => {
    const { app, memory } = await behind(
      gate(() => true),
      turnedAway('network'),
    );
    memory.calls.resetCounts();
    for (const path of [of('manifests/v1'), `/acr/v1/${repository}`, '/api/v1/bin', '/v2/']) {
      const answer = await ask(app, 'GET', path);
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain('"network"');
    }
    expect(memory.calls.total()).toBe(0);
  });

  it('count a request before what is locked or held is asked', async () => {
    const required = composeRequired({ settings: { gates: [gate(() => true), turnedAway('rate')] } });
    const authorization = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`;
    const answer = await ask(required.app, 'GET', of('manifests/v1'), { headers: { authorization } });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('"rate"');
  });
});
