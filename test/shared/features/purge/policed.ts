import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { App } from '../../../../shared/app/app.ts';
import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { ReadLastPulls } from '../../../../shared/core/ports/pulls.ts';
import { ask } from '../../image.ts';
import { day } from '../recycle-bin/binned.ts';

export const start = Date.parse('2026-01-01T00:00:00Z');

export interface Policed extends TestLongshore {
  readonly passDays: (days: number) => void;
  readonly now: () => number;
  /** Somebody pulls `repository` by this tag or digest, now. */
  readonly pull: (repository: string, reference: string) => void;
  /** Delivers every event that was not delivered yet, as Event Grid does. */
  readonly deliver: () => Promise<void>;
  readonly lastPulls: ReadLastPulls;
  /** Another instance over the same world. */
  readonly another: () => TestLongshore;
}

/** The app over a clock that the test moves, where pulls are tracked since `trackedDays` before the start. */
export function policed({ trackedDays = 1_000 }: { trackedDays?: number } = {}): Policed {
  let now = start;
  const world = createMemoryWorld({ clock: { now: () => new Date(now) } });
  const pulls = new Map<string, string>();
  const lastPulls: ReadLastPulls = {
    lastPulls: (key, references) =>
      Promise.resolve(
        new Map(
          references.flatMap((reference) => {
            const lastPull = pulls.get(`${key.repository} ${reference}`);
            return lastPull === undefined ? [] : [[reference, { lastPull }] as const];
          }),
        ),
      ),
    trackedSince: () => Promise.resolve(new Date(start - trackedDays * day)),
  };
  const longshore = composeForTest({ world, adapters: { lastPulls } });
  let delivered = 0;
  return {
    ...longshore,
    lastPulls,
    another: () => composeForTest({ world, adapters: { lastPulls } }),
    now: () => now,
    passDays: (days) => (now += days * day),
    pull: (repository, reference) => void pulls.set(`${repository} ${reference}`, new Date(now).toISOString()),
    async deliver() {
      const { log } = world.region().events;
      for (; delivered < log.length; delivered += 1) await longshore.events['purge-touched'](log[delivered]);
    },
  };
}

export interface PlanAnswer {
  readonly hash: string;
  readonly state: string;
  readonly manifests: number;
  readonly tags: number;
  readonly bytes: number;
  readonly kept: number;
  readonly over: { repository: string; going: number; of: number; what: string }[];
  readonly outcome: { manifests: number; tags: number; stayed: number };
  readonly items: {
    kind: string;
    repository: string;
    digest: string;
    tag?: string;
    rule: string;
    why: string;
    bytes: number;
    outcome?: string;
    group?: string;
    evidence: Record<string, string>;
  }[];
  readonly keptItems: { kind: string; digest: string; why: string }[];
}

/** The answer of any of the routes. */
export interface Answer extends Partial<PlanAnswer> {
  readonly errors?: { message: string }[];
  readonly on?: boolean;
  readonly waiting?: string[];
}

export async function call(
  app: App,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: Answer }> {
  const answer = await ask(
    app,
    method,
    `/api/v1${path}`,
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
  );
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Answer };
}

export async function putPolicy(app: App, policy: object, name = 'nightly'): Promise<void> {
  const { status, body } = await call(app, 'PUT', `/purge/policies/${name}`, policy);
  if (status !== 200 && status !== 201) throw new Error(`PUT policy ${status}: ${JSON.stringify(body)}`);
}

export async function planOf(app: App, name = 'nightly'): Promise<PlanAnswer> {
  const { status, body } = await call(app, 'POST', `/purge/policies/${name}/plan`);
  if (status !== 200) throw new Error(`POST plan ${status}: ${JSON.stringify(body)}`);
  return body as PlanAnswer;
}

export async function currentPlan(app: App, name = 'nightly'): Promise<PlanAnswer> {
  return (await call(app, 'GET', `/purge/policies/${name}/plan`)).body as PlanAnswer;
}

export async function approve(
  app: App,
  { hash }: { hash: string },
  name = 'nightly',
): Promise<{ status: number; body: Answer }> {
  return call(app, 'POST', `/purge/policies/${name}/plan/approve`, { hash, switchOn: true });
}

export function tagsOf(plan: PlanAnswer): string[] {
  return plan.items
    .filter(({ kind }) => kind === 'tag')
    .map(({ tag }) => tag ?? '')
    .toSorted();
}

interface Decided {
  readonly verdict: string;
  readonly rule?: string;
  readonly why: string;
  readonly dueAt?: string;
  readonly evidence: Record<string, string>;
}

export interface Explained {
  readonly policies: {
    policy: string;
    on: boolean;
    manifest: Decided;
    tags: (Decided & { tag: string })[];
    along: string[];
  }[];
}

export async function explained(app: App, image: string): Promise<Explained> {
  return (
    await ask(app, 'GET', `/api/v1/purge/explain?image=${encodeURIComponent(image)}`)
  ).json() as Promise<Explained>;
}
