interface Finding {
  readonly id: string;
  readonly package: string;
  readonly severity: string;
  readonly cvss?: number;
  readonly fixedIn?: string;
  readonly taken?: unknown;
}

const order = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'];

/** Returns the findings that a filter leaves, the worst first; of a kind, those that nothing takes away come first. */
export function shownFindings<F extends Finding>(all: readonly F[], text: string, which: string): F[] {
  const wanted = text.trim().toLowerCase();
  const rank = ({ severity }: F) => (order.includes(severity) ? order.indexOf(severity) : order.length);
  return all
    .filter(({ fixedIn, taken }) =>
      which === 'fixable' ? fixedIn !== undefined : which === 'open' ? taken === undefined : true,
    )
    .filter(({ id, package: name }) => id.toLowerCase().includes(wanted) || name.toLowerCase().includes(wanted))
    .toSorted(
      (one, other) =>
        rank(one) - rank(other) ||
        Number(one.taken !== undefined) - Number(other.taken !== undefined) ||
        (other.cvss ?? 0) - (one.cvss ?? 0),
    );
}
