import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Latest } from './latest.ts';

export interface Loaded<T> {
  readonly data: T | undefined;
  readonly failure: Error | undefined;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

interface Options {
  /** Loads again so often, in milliseconds, while the page is seen. */
  readonly everyMs?: number | undefined;
  /** Names the subject of the data. While this stays, the last data is shown until the next is there. */
  readonly about?: string;
}

interface State<T> {
  readonly about: string;
  readonly key?: string;
  readonly data?: T | undefined;
  readonly failure?: Error | undefined;
}

/**
 * Loads what a page shows. `key` says what it is: when it changes everything that was under way is abandoned. Nothing
 * is asked while the page is hidden.
 */
export function useLoaded<T>(key: string, load: (signal: AbortSignal) => Promise<T>, options: Options = {}): Loaded<T> {
  const { everyMs, about = key } = options;
  const [state, setState] = useState<State<T>>({ about });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const asked = useRef(new Latest());
  useEffect(() => {
    void asked.current.ask(
      (signal) => latest.current(signal),
      ({ data, failure }) =>
        setState((before) => ({
          about,
          key,
          data: failure === undefined ? data : before.about === about ? before.data : undefined,
          failure,
        })),
    );
    return () => asked.current.abandon();
  }, [key, turn]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  usePolling(everyMs, reload, state);
  const isOurs = state.about === about;
  return {
    data: isOurs ? state.data : undefined,
    failure: state.key === key ? state.failure : undefined,
    isLoading: state.key !== key,
    reload,
  };
}

/** Calls `again` a while after each answer; while the page is hidden it waits until it is seen again. */
function usePolling(everyMs: number | undefined, again: () => void, answer: unknown): void {
  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const timer = setTimeout(() => {
      if (document.hidden) document.addEventListener('visibilitychange', again, { once: true });
      else again();
    }, everyMs);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', again);
    };
  }, [everyMs, again, answer]);
}
