import { signal } from '@preact/signals';
import { shortcuts } from './preferences.ts';

/** True while the list of keys is shown. */
export const isKeyListShown = signal(false);

/** The keys with what they do. */
export const keyList: readonly (readonly [keys: string, does: string])[] = [
  ['/', 'search'],
  ['g then a letter', 'go to a page; its letter is underlined in the navigation'],
  ['j, k', 'go to the next row, or the one before'],
  ['Enter', 'open the row'],
  ['x', 'select the row'],
  ['Esc', 'close what is open'],
  ['?', 'show this list'],
];

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('textarea, select, input:not([type=checkbox], [type=radio])'))
  );
}

function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')];
  const now = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[now === -1 ? (step === 1 ? 0 : rows.length - 1) : now + step];
  row?.querySelector<HTMLElement>('a[href], button, input')?.focus();
  // A checkbox comes first in a row, but the row is its name.
  row?.querySelector<HTMLElement>('.row-head a[href], .row-head button')?.focus();
  row?.scrollIntoView({ block: 'nearest' });
}

function selectRow(): void {
  const row = document.activeElement?.closest('[data-row]');
  row?.querySelector<HTMLInputElement>('input[data-select]')?.click();
}

function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>('#search');
  field?.focus();
  field?.select();
}

/** Listens to the keys that have no modifier. `go` gets the letter that follows a `g`. Returns what ends it. */
export function listenToKeys(go: (letter: string) => boolean): () => void {
  let goUntil = 0;
  const actions: Readonly<Record<string, () => void>> = {
    '/': focusSearch,
    '?': () => (isKeyListShown.value = true),
    j: () => moveRow(1),
    k: () => moveRow(-1),
    x: selectRow,
    g: () => (goUntil = performance.now() + 1_500),
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && isTyping(event.target)) (event.target as HTMLElement).blur();
    if (shortcuts.value === 'off' || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target) || document.querySelector('dialog[open]') !== null) return;
    const isGo = performance.now() < goUntil;
    if (isGo) goUntil = 0;
    const isDone = isGo ? go(event.key) : false;
    if (!isDone) actions[event.key]?.();
    if (isDone || event.key in actions) event.preventDefault();
  };
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}
