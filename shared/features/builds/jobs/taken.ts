import type { NoAnswer, ReceiverAnswer } from '../../../core/ports/post.ts';

/** The answer of a runner. `later`: it may accept the same job at another time. `refused`: it never will. */
export type Taken =
  | {
      readonly is: 'taken';
      /** The run of a runner that does not call back: its state is asked for. */
      readonly run?: string;
    }
  | { readonly is: 'later' | 'refused'; readonly why: string };

export function takenBy(who: string, answer: ReceiverAnswer | NoAnswer): Taken {
  if (answer.is === 'refused') return { is: 'refused', why: `${who} cannot be asked: ${answer.why}` };
  if (answer.is !== 'answered') return { is: 'later', why: `${who} was not reached: ${answer.why}` };
  if (answer.status >= 200 && answer.status < 300) return { is: 'taken' };
  const isForNow = answer.status >= 500 || answer.status === 429 || answer.status === 408;
  return { is: isForNow ? 'later' : 'refused', why: `${who} answered ${answer.status}: ${answer.body.slice(0, 300)}` };
}
