import type { VNode } from 'preact';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import { Text } from './text.tsx';
import type { Toast } from './toasts.ts';
import { attempt, closeToast, toasts } from './toasts.ts';

/** The region is there before anything is told in it: only then do screen readers tell of what is added. */
export function ToastList(): VNode {
  return (
    <section class="toasts" aria-label="Messages">
      <div role="status" aria-live="polite">
        {toasts.value.filter(({ kind }) => kind === 'done').map(toastOf)}
      </div>
      <div role="alert">{toasts.value.filter(({ kind }) => kind === 'failed').map(toastOf)}</div>
    </section>
  );
}

function toastOf({ id, text, kind, undo }: Toast): VNode {
  return (
    <div key={id} class={`toast ${kind}`}>
      <span>
        <Text of={text} />
      </span>
      {undo === undefined ? null : (
        <Button
          kind="quiet"
          onPress={async () => {
            closeToast(id);
            await attempt(undo, 'It is undone.');
          }}
        >
          Undo
        </Button>
      )}
      <Button kind="quiet" label="Close the message" onPress={() => closeToast(id)}>
        <Icon of="close" />
      </Button>
    </div>
  );
}
