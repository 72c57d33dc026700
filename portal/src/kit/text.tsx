import type { VNode } from 'preact';
import { visibleParts } from './visible-text.ts';

interface TextProps {
  /** A string from outside: a name, a label, a line of a log. */
  readonly of: string;
  /** Keeps line ends and tabs. */
  readonly hasLines?: boolean;
}

/**
 * Shows a string from outside. It is always text, its direction ends with it, and characters that would act unseen are
 * shown by their names.
 */
export function Text({ of, hasLines = false }: TextProps): VNode {
  return (
    <bdi class={hasLines ? 'lines' : undefined}>
      {visibleParts(of, { hasLines }).map((part, at) =>
        'text' in part ? (
          part.text
        ) : (
          <span key={at} class="control-character">
            {part.control}
          </span>
        ),
      )}
    </bdi>
  );
}
