import { effect, signal } from '@preact/signals';

/** A choice that this browser remembers. Where it may not store anything, it lasts as long as the page. */
function remembered<T extends string>(name: string, allowed: readonly [T, ...T[]]) {
  const key = `longshore-${name}`;
  const choice = signal<T>(allowed.find((each) => each === stored(key)) ?? allowed[0]);
  effect(() => {
    document.documentElement.dataset[name] = choice.value;
    try {
      localStorage.setItem(key, choice.value);
    } catch {
      // It is not remembered.
    }
  });
  return choice;
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export const theme = remembered('theme', ['auto', 'light', 'dark']);
export const density = remembered('density', ['dense', 'roomy']);
/** Keys without a modifier may be in the way of speech input, so they can be switched off. */
export const shortcuts = remembered('shortcuts', ['on', 'off']);
