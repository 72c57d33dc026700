import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Outcome } from './latest.ts';
import { Latest } from './latest.ts';
import { Failure, Loading } from './states.tsx';

/** The answer to what somebody has asked by a form. */
export interface Answer<T> {
  readonly outcome: Outcome<T> | undefined;
  readonly isAsking: boolean;
  readonly ask: (load: (signal: AbortSignal) => Promise<T>) => void;
}

/**
 * Holds the answer to a form. `inputs` are the values that it is about: when one of them changes the answer is gone, and
 * an answer that is still on its way is not shown.
 */
export function useAnswer<T>(...inputs: readonly string[]): Answer<T> {
  const about = JSON.stringify(inputs);
  const latest = useRef(new Latest());
  const [state, setState] = useState<{ readonly about: string; readonly outcome?: Outcome<T> }>();
  useEffect(() => () => latest.current.abandon(), [about]);
  const ours = state?.about === about ? state : undefined;
  return {
    outcome: ours?.outcome,
    isAsking: ours !== undefined && ours.outcome === undefined,
    ask: (load) => {
      setState({ about });
      void latest.current.ask(load, (outcome) => setState({ about, outcome }));
    },
  };
}

interface ShowAnswerProps<T> {
  readonly of: Answer<T>;
  readonly children: (data: T) => ComponentChildren;
}

/** Shows an answer, that it is on its way, or why there is none; before anything is asked it shows nothing. */
export function ShowAnswer<T>({ of: { outcome, isAsking }, children }: ShowAnswerProps<T>): VNode | null {
  if (isAsking) return <Loading />;
  if (outcome === undefined) return null;
  return outcome.failure === undefined ? (
    <div role="status" class="shown">
      {children(outcome.data)}
    </div>
  ) : (
    <Failure of={outcome.failure} />
  );
}
