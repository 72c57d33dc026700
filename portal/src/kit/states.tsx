import type { ComponentChildren, VNode } from 'preact';
import { Button } from './button.tsx';
import type { Loaded } from './load.ts';
import { Text } from './text.tsx';

/** Nothing is here: says so, and what to do next. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }): VNode {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Something failed: says what the registry said, and offers to try again. */
export function Failure({ of: { message }, onRetry }: { readonly of: Error; readonly onRetry?: () => void }): VNode {
  return (
    <div class="failure" role="alert">
      <p>
        <Text of={message} />
      </p>
      {onRetry === undefined ? null : <Button onPress={onRetry}>Try again</Button>}
    </div>
  );
}

export function Loading(): VNode {
  return (
    <p class="loading" role="status">
      Loading …
    </p>
  );
}

interface ShowProps<T> {
  readonly of: Loaded<T>;
  readonly children: (data: T) => ComponentChildren;
}

/** Shows what was loaded, that it is being loaded, or why it was not. Older data stays while newer comes. */
export function Show<T>({ of: { data, failure, isLoading, reload }, children }: ShowProps<T>): VNode {
  return (
    <div aria-busy={isLoading ? 'true' : 'false'} class="shown">
      {failure === undefined ? null : <Failure of={failure} onRetry={reload} />}
      {data === undefined ? failure === undefined && <Loading /> : children(data)}
    </div>
  );
}
