import type { Schema, VNode } from '../../kit.ts';
import { Card, formatDay, formatNumber } from '../../kit.ts';

type Day = NonNullable<Schema<'Overview'>['activity']>[number];

const [width, height] = [10, 60];

/** Pulls and pushes of the last days, as bars. What they show is in words too, for those who do not see them. */
export function Activity({ of }: { readonly of: readonly Day[] }): VNode {
  const most = Math.max(1, ...of.map(({ pulls, pushes }) => Math.max(pulls, pushes)));
  const sum = (what: 'pulls' | 'pushes') => of.reduce((total, day) => total + day[what], 0);
  const told = `${formatNumber(sum('pulls'))} pulls and ${formatNumber(sum('pushes'))} pushes in ${of.length} days`;
  return (
    <Card title="Activity">
      <p>{told}</p>
      <svg
        class="days"
        viewBox={`0 0 ${of.length * width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${told}, day by day`}
      >
        {of.map(({ day, pulls, pushes }, at) => (
          <g key={day}>
            <title>{`${formatDay(day)}: ${formatNumber(pulls)} pulls, ${formatNumber(pushes)} pushes`}</title>
            <Bar kind="pulls" x={at * width + 1} share={pulls / most} />
            <Bar kind="pushes" x={at * width + 5} share={pushes / most} />
          </g>
        ))}
      </svg>
    </Card>
  );
}

function Bar({
  kind,
  x,
  share,
}: {
  readonly kind: 'pulls' | 'pushes';
  readonly x: number;
  readonly share: number;
}): VNode {
  const tall = share * height;
  return <rect class={kind} x={x} y={height - tall} width={4} height={tall} />;
}
