import type { ComponentChildren, VNode } from 'preact';
import { navigate } from 'wouter-preact/use-browser-location';

/** All pages are below this path. */
export const base = '/ui';

interface LinkProps {
  /** An address of the portal, as `linkTo` writes it. */
  readonly href: string;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly 'aria-label'?: string;
  readonly 'aria-current'?: 'page' | 'true' | undefined;
  readonly 'aria-keyshortcuts'?: string;
}

/**
 * Leads to a page of the portal, and nowhere else: what stands before its address makes a path of this host even of
 * `javascript:` or `//host`. It listens to nothing, as a table has thousands of them.
 */
export function Link({ href, children, ...more }: LinkProps): VNode {
  return (
    <a {...more} href={base + href} onClick={follow}>
      {children}
    </a>
  );
}

/** Opens the page without a load. Another tab or window is the browser's own to open. */
function follow(event: MouseEvent & { readonly currentTarget: HTMLAnchorElement }): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  const { pathname, search, hash } = event.currentTarget;
  navigate(pathname + search + hash);
}
