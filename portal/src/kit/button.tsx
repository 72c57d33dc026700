import type { ComponentChildren, VNode } from 'preact';
import { useId } from 'preact/hooks';
import { toast } from './toasts.ts';

interface ButtonProps {
  readonly onPress: () => unknown;
  readonly children: ComponentChildren;
  /** Why it cannot be used now. It can still be focused, so that everybody can learn why. */
  readonly disabledWhy?: string | undefined;
  readonly kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly label?: string;
  readonly isBusy?: boolean;
  readonly isPressed?: boolean;
}

/** Does something. What leads somewhere is a link instead. */
export function Button({
  onPress,
  children,
  disabledWhy,
  kind = 'plain',
  label,
  isBusy = false,
  isPressed,
}: ButtonProps): VNode {
  const why = useId();
  const press = () => {
    if (disabledWhy !== undefined) toast(disabledWhy);
    else if (!isBusy) void onPress();
  };
  return (
    <button
      type="button"
      class={`button ${kind}`}
      onClick={press}
      aria-disabled={disabledWhy !== undefined || isBusy ? 'true' : undefined}
      aria-describedby={disabledWhy === undefined ? undefined : why}
      aria-label={label}
      aria-pressed={isPressed}
      aria-busy={isBusy ? 'true' : undefined}
      title={disabledWhy ?? label}
    >
      {children}
      {disabledWhy === undefined ? null : (
        <span id={why} class="unseen">
          {disabledWhy}
        </span>
      )}
    </button>
  );
}
