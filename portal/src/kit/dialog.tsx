import { signal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from './button.tsx';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** Stand below; the one that closes is there already. */
  readonly actions?: ComponentChildren;
  readonly closeLabel?: string;
  /** Only its button closes it: neither Escape, nor a click beside it. What it shows is not shown again. */
  readonly isHeld?: boolean;
}

/** The browser's own dialog: it holds the focus, closes by Escape, and gives the focus back. */
export function Dialog({
  title,
  onClose,
  children,
  actions,
  closeLabel = 'Close',
  isHeld = false,
}: DialogProps): VNode {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const isGone = useRef(false);
  useEffect(() => {
    const { current } = element;
    const before = document.activeElement;
    current?.showModal();
    return () => {
      // The element tells that it closes only after it is gone, which is nobody's answer.
      isGone.current = true;
      current?.close();
      if (before instanceof HTMLElement && before.isConnected && before !== document.body) before.focus();
      // The control that opened it is gone: reading goes on at the page's heading.
      else document.querySelector<HTMLElement>('main h1')?.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={heading}
      onKeyDown={(event) => {
        if (isHeld && event.key === 'Escape') event.preventDefault();
      }}
      onCancel={(event) => {
        event.preventDefault();
        if (!isHeld) onClose();
      }}
      onClose={() => {
        // A browser lets a page refuse to close once: the next Escape, or a phone's back, closes it without asking.
        if (isGone.current) return;
        if (isHeld) element.current?.showModal();
        else onClose();
      }}
    >
      <h2 id={heading}>{title}</h2>
      <div class="dialog-body" tabIndex={0} role="group" aria-labelledby={heading}>
        {children}
      </div>
      <div class="dialog-actions">
        <Button onPress={onClose}>{closeLabel}</Button>
        {actions}
      </div>
    </dialog>
  );
}

interface Question {
  readonly title: string;
  readonly body: ComponentChildren;
  readonly confirm: string;
  readonly isDanger?: boolean;
}

const asked = signal<(Question & { readonly answer: (yes: boolean) => void }) | undefined>(undefined);

/** Asks before something is done. */
export function confirmed(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (yes) => {
        asked.value = undefined;
        resolve(yes);
      },
    };
  });
}

/** The place of `confirmed`'s dialog. */
export function AskedQuestion(): VNode | null {
  const question = asked.value;
  if (question === undefined) return null;
  const { title, body, confirm, isDanger = false, answer } = question;
  return (
    <Dialog
      title={title}
      closeLabel="Cancel"
      onClose={() => answer(false)}
      actions={
        <Button kind={isDanger ? 'danger' : 'primary'} onPress={() => answer(true)}>
          {confirm}
        </Button>
      }
    >
      {body}
    </Dialog>
  );
}
