interface Judged {
  readonly state: string;
  readonly mode: string;
  readonly graceUntil?: string;
  readonly isCurrent: boolean;
}

interface Verdict {
  readonly held: boolean;
  readonly judgements: readonly Judged[];
  readonly release?: { readonly until: string };
  readonly covering: readonly unknown[];
}

/** The state of an image as a badge says it, and the time until which it is so. */
export interface VerdictState {
  readonly is: 'held' | 'released' | 'grace' | 'audit' | 'unjudged' | 'passed';
  readonly until?: string;
}

/** Returns the state of an image; `undefined` where no policy says anything of it. */
export function stateOf({ held, judgements, release, covering }: Verdict, now: number): VerdictState | undefined {
  if (release !== undefined && Date.parse(release.until) > now) return { is: 'released', until: release.until };
  if (held) return { is: 'held' };
  if (judgements.length === 0) return covering.length === 0 ? undefined : { is: 'unjudged' };
  const open = judgements.filter(({ state }) => state !== 'passed');
  const graces = open.flatMap(({ graceUntil }) =>
    graceUntil !== undefined && Date.parse(graceUntil) > now ? [graceUntil] : [],
  );
  const [first] = graces.toSorted();
  if (first !== undefined) return { is: 'grace', until: first };
  return { is: open.length > 0 ? 'audit' : 'passed' };
}
