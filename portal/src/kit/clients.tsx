import type { VNode } from 'preact';
import { Card } from './facts.tsx';
import { formatNumber } from './format.ts';
import { Text } from './text.tsx';

interface ClientsProps {
  readonly of: Readonly<Record<string, { readonly pulls: number; readonly heads: number }>>;
}

/** These read every image, used or not: their pulls are counted, and none of them is a last pull. */
const readers: Readonly<Record<string, string>> = {
  scanner: 'scanner, which uses nothing of it',
  replicator: 'copier to another registry, which uses nothing of it',
};

/** Shows who pulled: each kind of client with its pulls, the one with most first. */
export function Clients({ of }: ClientsProps): VNode | null {
  const clients = Object.entries(of)
    .flatMap(([name, { pulls }]) => (pulls > 0 ? [[readers[name] ?? name, pulls] as const] : []))
    .toSorted(([, one], [, other]) => other - one);
  if (clients.length === 0) return null;
  const most = Math.max(1, ...clients.map(([, pulls]) => pulls));
  return (
    <Card title="Pulls by client">
      <dl class="facts">
        {clients.map(([name, pulls]) => (
          <div key={name}>
            <dt>
              <Text of={name} />
            </dt>
            <dd>
              <meter min={0} max={most} value={pulls} aria-label={`Pulls by ${name}`} /> {formatNumber(pulls)}
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
