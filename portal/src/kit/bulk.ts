import { signal } from '@preact/signals';
import { answered, api, ApiFailure } from './api.ts';
import { countOf } from './format.ts';
import type { Schema } from './schemas.ts';
import { attempt, toast } from './toasts.ts';

type Bulk = Schema<'BulkDeletion'>;

/** The deletions of many that are known to be under way, by their ids. */
export const bulksUnderWay = signal<ReadonlyMap<string, Bulk>>(new Map());

/** Counts what has ended, so that lists are loaded again. */
export const bulksEnded = signal(0);

const everyMs = 1_000;

/** Begins to delete all that is named, by one call: it goes on when this tab is closed. */
export async function beginBulk(content: Schema<'BulkDeletionContent'>): Promise<void> {
  await attempt(async () => watchBulk(await answered(api.POST('/bulk-deletions', { body: content }))));
}

/** Follows a deletion to its end, and then offers to undo it. */
export function watchBulk(bulk: Bulk): void {
  if (bulksUnderWay.value.has(bulk.id)) return;
  show(bulk);
  void follow(bulk);
}

function show(bulk: Bulk): void {
  bulksUnderWay.value = new Map(bulksUnderWay.value).set(bulk.id, bulk);
}

async function follow(bulk: Bulk): Promise<void> {
  let now = bulk;
  while (now.state === 'running') {
    await pause();
    const params = { path: { id: bulk.id } };
    const next = await looked(params, now);
    if (next === undefined) {
      forget(bulk.id);
      toast('The deletion goes on without this page.');
      return;
    }
    now = next;
    show(now);
  }
  forget(bulk.id);
  bulksEnded.value += 1;
  tell(now);
}

function forget(id: string): void {
  const rest = new Map(bulksUnderWay.value);
  rest.delete(id);
  bulksUnderWay.value = rest;
}

/** Looks how far it is. A registry that does not answer is asked again; one that refuses is not, and gives undefined. */
async function looked(params: { readonly path: { readonly id: string } }, before: Bulk): Promise<Bulk | undefined> {
  try {
    return await answered(api.GET('/bulk-deletions/{id}', { params }));
  } catch (error) {
    return error instanceof ApiFailure && [401, 403, 404].includes(error.status) ? undefined : before;
  }
}

/** Waits, and while the page is hidden waits on. */
async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, everyMs));
  if (document.hidden)
    await new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true }));
}

function tell({ id, state, deleted, keptCount, kept, reason }: Bulk): void {
  const [first] = kept;
  const stays =
    keptCount === 0
      ? ''
      : ` ${countOf(keptCount, 'stays', 'stay')}, the first because: ${first?.why ?? 'it is not said'}.`;
  const end = {
    running: '',
    done: '',
    failed: ` Then it failed: ${reason ?? ''}`,
    cancelled: ' Then it was cancelled.',
  };
  const text = `${countOf(deleted, 'deletion', 'deletions')} done.${stays}${end[state]}`;
  const undo = () => undoBulk(id);
  toast(text, { kind: state === 'failed' ? 'failed' : 'done', undo: deleted === 0 ? undefined : undo });
}

/** Brings back what was deleted. The registry goes on by itself; the lists are loaded again when it has ended. */
async function undoBulk(id: string): Promise<void> {
  const params = { path: { id } };
  let now: Bulk = await answered(api.POST('/bulk-deletions/{id}/undo', { params }));
  while (now.undo?.state === 'running') {
    await pause();
    const next = await looked(params, now);
    if (next === undefined) throw new ApiFailure('It is being undone, and goes on without this page.', 403);
    now = next;
  }
  bulksEnded.value += 1;
  if (now.undo?.state === 'failed') throw new ApiFailure(now.reason ?? 'It could not be undone.', 409);
  const taken = now.undo?.taken.length ?? 0;
  if (taken > 0)
    toast(`${countOf(taken, 'tag stays', 'tags stay')} in the recycle bin: other images have their names by now.`, {
      kind: 'failed',
    });
}

export async function cancelBulk(id: string): Promise<void> {
  await attempt(() => answered(api.POST('/bulk-deletions/{id}/cancel', { params: { path: { id } } })));
}
