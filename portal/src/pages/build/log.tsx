import type { VNode } from '../../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  Failure,
  formatNumber,
  saveFile,
  Text,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from '../../kit.ts';
import type { Block, LogLines } from './log-lines.ts';
import { appended, noLines, shown } from './log-lines.ts';

interface LogProps {
  readonly build: string;
  readonly image: string;
}

interface State {
  readonly lines: LogLines;
  readonly isOver: boolean;
  readonly isBegun: boolean;
  readonly failure?: Error;
}

const everyMs = 1_000;
/** The pixels from the end within which somebody is at the end. */
const nearEnd = 24;

/** The log of one image, which grows while the image is made. */
export function Log({ build, image }: LogProps): VNode {
  const [turn, setTurn] = useState(0);
  const { lines, isOver, isBegun, failure } = useLog(build, image, turn);
  const box = useRef<HTMLPreElement>(null);
  const [isFollowing, setFollowing] = useState(true);
  const toEnd = () => box.current?.scrollTo({ top: box.current.scrollHeight });
  useLayoutEffect(() => {
    if (isFollowing) toEnd();
  }, [lines, isFollowing]);
  const look = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }: { currentTarget: HTMLPreElement }) =>
    setFollowing(scrollHeight - scrollTop - clientHeight < nearEnd);
  return (
    <section aria-label="Log">
      <div class="page-head">
        <h2>
          Log of <Text of={image} />{' '}
          {failure !== undefined ? null : isOver ? (
            <span class="badge">ended</span>
          ) : (
            <span class="badge warn">live</span>
          )}
        </h2>
        {isFollowing ? null : <Button onPress={() => setFollowing(true)}>Follow the end</Button>}
        <SaveWhole build={build} image={image} />
      </div>
      {lines.dropped === 0 ? null : (
        <p>{`The first ${formatNumber(lines.dropped)} lines are not shown: save the whole log to read them.`}</p>
      )}
      {failure === undefined ? null : <Failure of={failure} onRetry={() => setTurn(turn + 1)} />}
      <pre ref={box} tabIndex={0} class="code log" aria-label="Lines of the log" onScroll={look}>
        {lines.blocks.map((block) => (
          <Lines key={block.number} of={block} />
        ))}
        {lines.rest === '' ? null : <Text of={shown(lines.rest)} hasLines />}
        {isBegun && lines.blocks.length === 0 && lines.rest === '' ? 'Nothing was printed yet.' : null}
      </pre>
    </section>
  );
}

/** A block that is there is not drawn again. */
function Lines({ of }: { readonly of: Block }): VNode {
  return useMemo(() => <Text of={of.text} hasLines />, [of]);
}

/** Saves the log from its first line, as far as it is written. The registry bounds its length. */
function SaveWhole({ build, image }: LogProps): VNode {
  const [isBusy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    await attempt(async () => {
      const params = { path: { build }, query: { image } };
      saveFile(`${image}.log`, await answered(api.GET('/builds/{build}/log', { params, parseAs: 'blob' })));
    });
    setBusy(false);
  };
  return (
    <Button isBusy={isBusy} onPress={save}>
      Save the whole log
    </Button>
  );
}

/** Reads a log from where it was read to, until it has ended or the page is left; not while the page is hidden. */
function useLog(build: string, image: string, turn: number): State {
  const [state, setState] = useState<State>({ lines: noLines, isOver: false, isBegun: false });
  useEffect(() => {
    const left = new AbortController();
    setState({ lines: noLines, isOver: false, isBegun: false });
    void follow({ build, image }, left.signal, setState);
    return () => left.abort();
  }, [build, image, turn]);
  return state;
}

async function follow(log: LogProps, signal: AbortSignal, tell: (state: State) => void): Promise<void> {
  let [cursor, lines, isOver] = ['', noLines, false];
  try {
    while (!isOver) {
      const part = await partOf(log, cursor, signal);
      // The page may show another log by now.
      if (signal.aborted) return;
      const hasMore = part.cursor !== cursor;
      ({ cursor, isOver } = part);
      if (part.text !== '') lines = appended(lines, part.text);
      tell({ lines, isOver, isBegun: true });
      // A part has an end: of a long log the next one is there already.
      if (!isOver) await seenAfter(hasMore && part.text.length > 100_000 ? 0 : everyMs, signal);
    }
  } catch (error) {
    if (!signal.aborted) tell({ lines, isOver: true, isBegun: true, failure: error as Error });
  }
}

async function partOf({ build, image }: LogProps, after: string, signal: AbortSignal) {
  const params = { path: { build }, query: { image, after } };
  const answer = await api.GET('/builds/{build}/log', { params, parseAs: 'text', signal });
  const text = await answered<unknown>(Promise.resolve(answer));
  const { headers } = answer.response;
  return {
    text: typeof text === 'string' ? text : '',
    cursor: headers.get('X-Longshore-Log-Cursor') ?? after,
    isOver: headers.has('X-Longshore-Log-Ended'),
  };
}

/** Waits, and then until the page is seen. */
async function seenAfter(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  if (!document.hidden || signal.aborted) return;
  await new Promise<void>((resolve) => {
    document.addEventListener('visibilitychange', () => resolve(), { once: true, signal });
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
