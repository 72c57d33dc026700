import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { Dialog } from './dialog.tsx';
import { CommandLine } from './values.tsx';

interface Shown {
  readonly title: string;
  readonly secrets: readonly (readonly [name: string, value: string])[];
}

/** The secrets that nobody has said yet that they have kept. */
const shown = signal<readonly Shown[]>([]);

/** Shows secrets the only time that they are shown, until somebody says that they have kept them. */
export function showSecrets(title: string, secrets: Shown['secrets']): void {
  shown.value = [...shown.value, { title, secrets }];
}

/**
 * The place of `showSecrets`. It is beside the pages, not in one: a page goes when its list changes, when somebody
 * navigates, or when the session ends, and what is shown here cannot be shown again.
 */
export function ShownSecrets(): VNode | null {
  const [first] = shown.value;
  const isShown = first !== undefined;
  useEffect(() => {
    if (!isShown) return undefined;
    const ask = (event: Event) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [isShown]);
  if (first === undefined) return null;
  return (
    <Dialog title={first.title} isHeld closeLabel="I have kept it" onClose={() => (shown.value = shown.value.slice(1))}>
      <p>Keep this now. It is shown this once, and nobody can show it again.</p>
      {first.secrets.map(([name, value]) => (
        <div key={name} class="field">
          <span>{name}</span>
          <CommandLine text={value} what={name} />
        </div>
      ))}
    </Dialog>
  );
}
