type Part = 'trust' | 'scan' | 'quarantine';
type State = 'pending' | 'passed' | 'failed';

/** Receives what becomes of verdicts, for metrics. Its methods never throw and never wait. */
export interface TellVerdicts {
  /** Counts a part of a verdict that has another state by a new judgement. */
  tellJudged(part: Part, state: State): void;
  /** Counts an answer that a verdict has refused, or would have refused but for the mode or the grace of its policies. */
  tellHeld(part: Part, state: State, outcome: 'refused' | 'noted'): void;
}
