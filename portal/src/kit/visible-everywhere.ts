import { options } from 'preact';
import { visibleLines } from './visible-text.ts';

/** The attributes whose text people see or hear; `data-label` is shown by the style. */
const shown = ['title', 'aria-label', 'placeholder', 'alt', 'label', 'data-label'] as const;

/** A node as the renderer makes it. One of text has no type, and its text for properties. */
interface Made {
  readonly type: unknown;
  props: unknown;
}

/**
 * Has every text that is ever shown pass by `visibleLines`, in elements as in attributes. Pages show what comes from
 * outside by `Text`; this is the net below, for the place that forgets to. The values of fields stay what they are.
 */
export function showEverythingVisibly(): void {
  const before = options.vnode?.bind(options);
  options.vnode = (node) => {
    before?.(node);
    makeVisible(node);
  };
}

function makeVisible(node: Made): void {
  const { type, props } = node;
  if (type === null) {
    if (typeof props === 'string') node.props = visibleLines(props);
  } else if (typeof type === 'string') {
    const given = props as Record<string, unknown>;
    for (const name of shown) {
      const value = given[name];
      if (typeof value === 'string') given[name] = visibleLines(value);
    }
  }
}
