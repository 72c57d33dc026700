import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { visibleText } from './visible-text.ts';

let shownBefore = false;

interface PageHeadProps {
  /** Names the page in the browser too. */
  readonly title: string;
  /** Shown in place of the title, where that holds a string from outside. */
  readonly children?: ComponentChildren;
  readonly actions?: ComponentChildren;
}

/** The head of a page. When somebody comes from another page the focus is here, so that screen readers tell of it. */
export function PageHead({ title, children, actions }: PageHeadProps): VNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${visibleText(title)} · Longshore`;
    if (shownBefore) heading.current?.focus({ preventScroll: true });
    shownBefore = true;
  }, [title]);
  return (
    <div class="page-head">
      <h1 ref={heading} tabIndex={-1}>
        {children ?? title}
      </h1>
      {actions === undefined ? null : <div class="actions">{actions}</div>}
    </div>
  );
}
