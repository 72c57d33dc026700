/** A figure as it is printed. */
export interface Figure {
  readonly name: string;
  readonly value: string;
}

/** A side of a comparison; the sides are measured in turns. */
export interface Side {
  readonly name: string;
  /** The unit of the figure: `/s`, ` ms`. */
  readonly unit: string;
  /** Measures one round. */
  measure(): Promise<number>;
}

export interface Measured {
  readonly name: string;
  readonly unit: string;
  /** The figures, one of each round. */
  readonly figures: readonly number[];
}

/**
 * Measures the sides in turns, so that other load of the machine reaches all of them; the first round compiles and is
 * dropped.
 */
export async function interleave(sides: readonly Side[], rounds = 5): Promise<readonly Measured[]> {
  const measured = sides.map(({ name, unit }) => ({ name, unit, figures: [] as number[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [at, side] of sides.entries()) {
      const figure = await side.measure();
      if (round > 0) measured[at]?.figures.push(figure);
    }
  }
  return measured;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Makes the printed figure, with every round: their spread shows how reliable it is. */
export function told({ name, unit, figures }: Measured): Figure {
  return { name, value: `${short(median(figures))}${unit} (${figures.map(short).join(' ')})` };
}

export function scaled({ figures, ...measured }: Measured, by: number): Measured {
  return { ...measured, figures: figures.map((figure) => figure * by) };
}

/** Returns the ratio of the medians. */
export function ratio(
  one: Measured | undefined,
  other: Measured | undefined,
  name = `${one?.name ?? ''} / ${other?.name ?? ''}`,
): Figure {
  return { name, value: (median(one?.figures ?? []) / median(other?.figures ?? [])).toFixed(2) };
}

function short(figure: number): string {
  return figure >= 100 ? figure.toFixed(0) : figure.toPrecision(3);
}

/** Repeats `work` from `inFlight` loops for `ms`, and returns the rate by second. `n` counts up. */
export async function rateOf(inFlight: number, ms: number, work: (n: number) => Promise<unknown>): Promise<number> {
  const [started, end] = [performance.now(), performance.now() + ms];
  let n = 0;
  const loop = async () => {
    while (performance.now() < end) await work(n++);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  return (n / (performance.now() - started)) * 1000;
}
