import { styleText } from 'node:util';

/** The colours of states. Nothing is said by colour alone: the word is there, too. */
const tints = new Map(
  Object.entries({
    succeeded: 'green',
    delivered: 'green',
    complete: 'green',
    active: 'green',
    enabled: 'green',
    ok: 'green',
    yes: 'green',
    failed: 'red',
    failing: 'red',
    expired: 'red',
    no: 'red',
    wrong: 'red',
    waiting: 'yellow',
    running: 'yellow',
    awaiting: 'yellow',
    paused: 'yellow',
    copying: 'yellow',
    queued: 'yellow',
    warning: 'yellow',
  } as const),
);

/** Returns a state with its colour; any other text as it is. */
export function shownState(text: string): string {
  const tint = tints.get(text.trim());
  return tint === undefined ? text : styleText(tint, text, { validateStream: false });
}
