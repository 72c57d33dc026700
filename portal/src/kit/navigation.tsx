import type { VNode } from 'preact';
import { useRoute } from 'wouter-preact';
import { Link } from './link.tsx';
import type { Page } from './pages.ts';

/** Leads to the pages. */
export function Navigation({ pages }: { readonly pages: readonly Page[] }): VNode {
  return (
    <nav class="navigation" aria-label="Pages">
      <ul>
        {pages.map(({ path, entry }) =>
          entry === undefined ? null : (
            <li key={path}>
              <Entry path={path} label={entry.label} letter={entry.letter} />
            </li>
          ),
        )}
      </ul>
    </nav>
  );
}

function Entry({ path, label, letter }: { path: string; label: string; letter: string }): VNode {
  const [isHere] = useRoute(path);
  const at = label.toLowerCase().indexOf(letter);
  return (
    <Link href={path} aria-current={isHere ? 'page' : undefined} aria-keyshortcuts={`g ${letter}`}>
      {at === -1 ? (
        label
      ) : (
        <>
          {label.slice(0, at)}
          <span class="letter">{label[at]}</span>
          {label.slice(at + 1)}
        </>
      )}
    </Link>
  );
}
