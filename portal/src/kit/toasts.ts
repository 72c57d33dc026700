import { signal } from '@preact/signals';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly kind: 'done' | 'failed';
  /** Takes back what the toast tells of. */
  readonly undo: (() => Promise<unknown>) | undefined;
}

export const toasts = signal<readonly Toast[]>([]);

let last = 0;
const shownMs = 8_000;
const most = 4;

/** Tells of something that has happened. One with `undo` stays until it is used or closed. */
export function toast(text: string, { kind = 'done', undo }: Partial<Pick<Toast, 'kind' | 'undo'>> = {}): number {
  const id = ++last;
  const all = [...toasts.value, { id, text, kind, undo }];
  // A toast with an undo stays to be seen; the oldest of the others gives way.
  const first = all.length > most ? (all.find((each) => each.undo === undefined) ?? all[0]) : undefined;
  toasts.value = all.filter((each) => each !== first);
  if (undo === undefined && kind === 'done') setTimeout(() => closeToast(id), shownMs);
  return id;
}

export function closeToast(id: number): void {
  toasts.value = toasts.value.filter((each) => each.id !== id);
}

/** Does something, and tells of it or of why it failed. Returns whether it was done. */
export async function attempt(
  what: () => Promise<unknown>,
  done?: string,
  undo?: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await what();
    if (done !== undefined) toast(done, { undo });
    return true;
  } catch (error) {
    toast((error as Error).message, { kind: 'failed' });
    return false;
  }
}
