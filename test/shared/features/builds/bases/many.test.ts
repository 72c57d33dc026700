import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../../../../shared/adapters/memory/connect.ts';
import { isRegistryName, isRepositoryName, isTag } from '../../../../../shared/core/oci/name.ts';
import { ownBase } from '../../../../../shared/features/builds/bases/names.ts';
import { build, registry } from './building.ts';

const dependents = 10_000;

describe('a base of ten thousand images', () => {
  it('has its build planned in seconds, in bounded memory, and its push costs what any costs', async () => {
    const of = registry();
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    await of.push(build('base', 'base 1'), '1');
    await of.settle();
    const { documents } = connectMemory(of.world);
    const [name, repository, tag] = ['default', 'base', '1'];
    if (!isRegistryName(name) || !isRepositoryName(repository) || !isTag(tag)) throw new TypeError('a bad name');
    const base = ownBase(name, repository);
    const digest = `sha256:${'1'.repeat(64)}`;
    const learnedAt = new Date(0).toISOString();
    for (let n = 0; n < dependents; n += 1) {
      const document = {
        id: `edge:default:team:app-${n}:v1:000000000000`,
        type: 'edge',
        schemaVersion: 1,
        base,
        tag,
        found: [{ evidence: 'annotation', confidence: 1, baseDigest: digest }],
        registry: name,
        repository: `team/app-${n}`,
        dependentTag: 'v1',
        dependentDigest: digest,
        learnedAt,
      };
      await documents.commitDocuments('dependencies', [base], [{ do: 'upsert', document }]);
    }
    const pushBegan = performance.now();
    await of.push(build('base', 'base 2'), '1');
    const pushMs = performance.now() - pushBegan;
    const one = of.process();
    const { log } = of.world.region('home').events;
    const moved = log.findLast(({ type }) => type === 'Longshore.TagMoved');
    await one.events['builds-learn'](moved);
    globalThis.gc?.();
    // Processor time: a busy machine changes it little.
    const [heap, began] = [process.memoryUsage().heapUsed, process.cpuUsage()];
    await one.events['builds-plan'](log.findLast(({ type }) => type === 'Longshore.BaseImageUpdated'));
    const { user, system } = process.cpuUsage(began);
    const planMs = (user + system) / 1_000;
    const grown = (process.memoryUsage().heapUsed - heap) / 2 ** 20;
    const { items: builds } = (await of.api('GET', '/builds')).body as { items: unknown[] };
    expect(builds).toMatchObject([{ state: 'running', images: dependents }]);
    console.log(
      `planned in ${Math.round(planMs)} ms of processor time; the heap, the store's ${dependents} documents and ${dependents} ` +
        `events in it, grew by ${Math.round(grown)} MiB; the push took ${Math.round(pushMs)} ms`,
    );
    expect(planMs).toBeLessThan(5_000);
    // All of its documents and events lie in this heap too, as the stores are in memory.
    expect(grown).toBeLessThan(200);
    expect(pushMs).toBeLessThan(500);
  }, 60_000);
});
