import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { Admission } from '../../../../shared/core/admission/admission.ts';
import { lockGate } from '../../../../shared/core/admission/locks.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import type { RepositoryName } from '../../../../shared/core/oci/name.ts';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import { mountFromAnywhere } from '../../../../shared/features/registry/mount.ts';
import { ask, pushBlob } from '../../image.ts';

const bytes = Buffer.from('a layer that is shared');
const digest = digestOf(bytes);
const target = { registry: 'default' as RegistryName, repository: 'team/new' as RepositoryName };

describe('a mount that names no source', () => {
  it('is one query, one look at the attributes of the source, and one write', async () => {
    const { app, memory } = composeForTest();
    await pushBlob(app, 'team/app', bytes);
    memory.calls.resetCounts();
    expect((await ask(app, 'POST', `/v2/team/new/blobs/uploads/?mount=${digest}`)).status).toBe(201);
    expect(memory.calls.list).toEqual(['documents.query', 'documents.read', 'documents.commit']);
    memory.calls.resetCounts();
    expect((await ask(app, 'POST', `/v2/team/newer/blobs/uploads/?mount=${digest}`)).status).toBe(201);
    expect(memory.calls.list).toEqual(['documents.query', 'documents.commit']);
  });

  it('finds nothing in repositories that the caller may not pull', async () => {
    const { app, memory, world } = composeForTest();
    await pushBlob(app, 'secret/app', bytes);
    const nothing = () => Promise.resolve(undefined);
    const ports = {
      admission: new Admission([lockGate]),
      documents: memory.documents,
      clock: world.clock,
      settings: { graceMs: 3_600_000 },
      bin: { listerOf: nothing },
      entries: { find: nothing },
    };
    const request = new Request('http://registry.test/');
    const stranger = { actor: 'stranger', may: () => false };
    const friend = {
      actor: 'friend',
      may: (access: { name: string; action: string }) => access.name === 'secret/app' && access.action === 'pull',
    };
    expect(await mountFromAnywhere(ports, target, digest, { request, caller: stranger })).toBe(false);
    expect((await ask(app, 'HEAD', `/v2/team/new/blobs/${digest}`)).status).toBe(404);
    expect(await mountFromAnywhere(ports, target, digest, { request, caller: friend })).toBe(true);
    expect((await ask(app, 'HEAD', `/v2/team/new/blobs/${digest}`)).status).toBe(200);
  });
});
