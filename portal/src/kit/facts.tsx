import type { ComponentChildren, VNode } from 'preact';
import { Text } from './text.tsx';

/** Names with their values. What has no value is left out. */
export function Facts({ of }: { readonly of: readonly (readonly [name: string, value: ComponentChildren])[] }): VNode {
  return (
    <dl class="facts">
      {of.map(([name, value]) =>
        value === undefined || value === null ? null : (
          <div key={name}>
            <dt>
              <Text of={name} />
            </dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

interface CardProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly actions?: ComponentChildren;
}

/** A part of a page. */
export function Card({ title, children, actions }: CardProps): VNode {
  return (
    <section class="card" aria-label={title}>
      <div class="page-head">
        <h2>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}
