import type { VNode } from 'preact';
import { Link } from './link.tsx';

export interface Tab {
  readonly href: string;
  readonly label: string;
  readonly isHere: boolean;
}

/** Views of one thing. Each has an address of its own, so these are links. */
export function Tabs({ label, tabs }: { readonly label: string; readonly tabs: readonly Tab[] }): VNode {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ href, label, isHere }) => (
        <Link key={label} href={href} aria-current={isHere ? 'page' : undefined}>
          {label}
        </Link>
      ))}
    </nav>
  );
}
