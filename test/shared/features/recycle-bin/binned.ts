import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { App } from '../../../../shared/app/app.ts';
import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { DueRun } from '../../../../shared/core/documents/due-work.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../../../shared/core/oci/media-types.ts';
import type { TestImage } from '../../image.ts';
import { ask, putManifest } from '../../image.ts';
import { runDue } from '../../run-due.ts';

export const hour = 3600 * 1000;
export const day = 24 * hour;

export interface Timed extends TestLongshore {
  readonly runDue: () => Promise<DueRun>;
  readonly passTime: (ms: number) => void;
  /** Another instance over the same world. */
  readonly another: () => TestLongshore;
}

/** The app over a clock that the test moves. */
export function timedLongshore(): Timed {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const world = createMemoryWorld({ clock: { now: () => new Date(now) } });
  const longshore = composeForTest({ world });
  return {
    ...longshore,
    runDue: () => runDue(longshore),
    passTime: (ms) => (now += ms),
    another: () => composeForTest({ world }),
  };
}

type Manifest = Pick<TestImage, 'bytes' | 'digest' | 'mediaType'>;

export function makeIndex(children: readonly Manifest[], extra: object = {}): Manifest {
  const manifests = children.map(({ mediaType, digest, bytes }) => ({ mediaType, digest, size: bytes.length }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests, ...extra }));
  return { bytes, digest: digestOf(bytes), mediaType: mediaTypes.ociIndex };
}

export function naming(subject: Manifest): object {
  return { subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.bytes.length } };
}

export async function push(app: App, repository: string, reference: string, manifest: Manifest): Promise<void> {
  const pushed = await putManifest(app, repository, reference, manifest);
  if (pushed.status !== 201) throw new Error(`PUT manifest ${pushed.status}: ${await pushed.text()}`);
}

export async function statusOf(app: App, path: string, method = 'GET'): Promise<number> {
  return (await ask(app, method, path)).status;
}

export interface Entry {
  readonly kind: 'manifest' | 'tag';
  readonly repository: string;
  readonly digest: string;
  readonly tag?: string;
  readonly group: string;
  readonly recycledAt: string;
  readonly purgeAt: string;
  readonly asked: boolean;
  readonly by: { readonly actor: string; readonly rule?: string };
}

export async function binOf(app: App, query = ''): Promise<Entry[]> {
  const entries: Entry[] = [];
  let next: string | undefined = `/api/v1/bin?limit=2${query}`;
  do {
    const answer: Response = await ask(app, 'GET', next);
    if (answer.status !== 200) throw new Error(await answer.text());
    const page = (await answer.json()) as { items: Entry[]; nextLink?: string };
    entries.push(...page.items);
    next = page.nextLink;
  } while (next !== undefined);
  return entries;
}

export async function post(
  app: App,
  path: string,
  body: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await ask(app, 'POST', path, {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** All that a repository shows: tags, manifests with what is said of them, and the referrers of each. */
export async function everythingOf(app: App, repository: string): Promise<unknown> {
  const json = async (path: string) =>
    (await ask(app, 'GET', path)).json() as Promise<{ manifests?: { digest: string }[] }>;
  const [tags, manifests] = [await json(`/acr/v1/${repository}/_tags`), await json(`/acr/v1/${repository}/_manifests`)];
  const referrers = await Promise.all(
    (manifests.manifests ?? []).map(({ digest }) => json(`/v2/${repository}/referrers/${digest}`)),
  );
  return { tags, manifests, referrers };
}
