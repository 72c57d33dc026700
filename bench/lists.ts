import { azureDocuments } from '../shared/adapters/azure/documents.ts';
import { createMemoryWorld } from '../shared/adapters/memory/world.ts';
import type { App } from '../shared/app/app.ts';
import { composeForTest } from '../shared/app/compose-for-test.ts';
import type { RegistryName } from '../shared/core/oci/name.ts';
import type { Documents } from '../shared/core/ports/documents.ts';
import { ask } from '../test/shared/image.ts';
import type { Figure, Side } from './compare.ts';
import { interleave, median, ratio, told } from './compare.ts';
import { startEmulators } from './emulators.ts';
import type { LongList } from './long-lists.ts';
import { fillLists } from './long-lists.ts';

const [few, many] = [100, 50_000];
const pageSize = 40;

/** Measures pages from the middle of short and long lists, over memory. */
export async function benchLists(): Promise<Figure[]> {
  const world = createMemoryWorld();
  return pagesOf(200, (registryName) => {
    const { app, memory } = composeForTest({ world, settings: { registryName } });
    return { app, documents: memory.documents };
  });
}

/** Measures the same pages over the Cosmos DB emulator. */
export async function benchEmulatedLists(): Promise<Figure[]> {
  const emulators = await startEmulators();
  const documents = azureDocuments(emulators.endpoints.cosmos);
  try {
    return await pagesOf(20, (registryName) => ({
      app: composeForTest({ adapters: { documents }, settings: { registryName } }).app,
      documents,
    }));
  } finally {
    documents.dispose();
    await emulators.stop();
  }
}

/** Each length has a registry of its own, for the catalog is one registry's. */
async function pagesOf(
  pages: number,
  registry: (name: RegistryName) => { readonly app: App; readonly documents: Documents },
): Promise<Figure[]> {
  const sides: Side[] = [];
  for (const length of [few, many]) {
    const name = `list-${length}` as RegistryName;
    const { app, documents } = registry(name);
    const lists = await fillLists(app, documents, name, length);
    sides.push(...lists.map((list) => side(app, list, length, pages)));
  }
  const measured = await interleave(sides);
  const short = measured.slice(0, sides.length / 2);
  return [...measured.map(told), ...short.map((each, at) => ratio(measured[short.length + at], each))];
}

/** Measures the median page of each round: a busy machine delays a few pages. */
function side(app: App, { name, entries, path }: LongList, length: number, pages: number): Side {
  const page = async () => {
    const started = performance.now();
    const answer = await ask(app, 'GET', `${path}&n=${pageSize}`);
    const listed = ((await answer.json()) as Record<string, unknown[]>)[entries];
    if (listed?.length !== pageSize) throw new Error(`a page of ${listed?.length ?? 'no'} ${name}: ${answer.status}`);
    return performance.now() - started;
  };
  const measure = async () => {
    const times: number[] = [];
    for (let n = 0; n < pages; n++) times.push(await page());
    return median(times);
  };
  return { name: `a page of ${name} out of ${length}`, unit: ' ms', measure };
}
