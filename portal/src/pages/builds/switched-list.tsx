import type { Column, VNode } from '../../kit.ts';
import {
  attempt,
  Button,
  Empty,
  pageFrom,
  Pager,
  placeIn,
  send,
  Show,
  Table,
  useLoaded,
  usePageQuery,
  useState,
  whyNot,
} from '../../kit.ts';

export const write = 'management/write';

/** A thing that has a name and can be switched off. */
interface Switched {
  readonly name: string;
  readonly enabled: boolean;
}

interface Editing<T> {
  readonly of: T | 'new';
  readonly onClose: () => void;
  readonly onDone: () => void;
}

interface SwitchedListProps<T> {
  /** The name of the list, as a screen reader says it. */
  readonly label: string;
  readonly add: string;
  /** An empty list says these: that nothing is there, and the next step. */
  readonly empty: readonly [title: string, next: string];
  readonly load: (
    page: ReturnType<typeof pageFrom>,
    signal: AbortSignal,
  ) => Promise<{ readonly items: readonly T[]; readonly nextLink?: string }>;
  readonly columns: (reload: () => void, edit: (one: T) => void) => readonly Column<T>[];
  readonly form: (editing: Editing<T>) => VNode;
}

/** A list of what can be added, changed and switched off, page by page, with the form of the one that is edited. */
export function SwitchedList<T extends Switched>({
  label,
  add,
  empty: [title, next],
  load,
  columns,
  form,
}: SwitchedListProps<T>): VNode {
  const query = usePageQuery();
  const after = placeIn(query).continuation;
  const loaded = useLoaded(`${label} ${after ?? ''}`, (signal) => load(pageFrom(after), signal));
  const [edited, setEdited] = useState<T | 'new'>();
  return (
    <>
      <div class="actions">
        <Button kind="primary" disabledWhy={whyNot(write)} onPress={() => setEdited('new')}>
          {add}
        </Button>
      </div>
      <Show of={loaded}>
        {({ items, nextLink }) => (
          <>
            {items.length === 0 ? (
              <Empty title={title}>
                <p>{next}</p>
              </Empty>
            ) : (
              <Table
                label={label}
                columns={columns(loaded.reload, setEdited)}
                rows={items}
                keyOf={({ name }) => name}
              />
            )}
            <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
          </>
        )}
      </Show>
      {edited === undefined ? null : form({ of: edited, onClose: () => setEdited(undefined), onDone: loaded.reload })}
    </>
  );
}

/** The column that says whether each is switched on. */
export const stateColumn: Column<Switched> = {
  name: 'on',
  head: 'State',
  cell: ({ enabled }) => <span class={`badge ${enabled ? 'good' : ''}`}>{enabled ? '● on' : '○ off'}</span>,
};

interface SwitchProps {
  readonly of: Switched;
  /** The path of its list in the API. */
  readonly path: readonly string[];
  readonly reload: () => void;
}

/** Switches one on or off. */
export function Switch({ of: { name, enabled }, path, reload }: SwitchProps): VNode {
  const toggle = async () => {
    await attempt(() => send('PATCH', [...path, name], { enabled: !enabled }));
    reload();
  };
  const word = enabled ? 'Stop' : 'Start';
  return (
    <Button disabledWhy={whyNot(write)} label={`${word} ${name}`} onPress={toggle}>
      {word}
    </Button>
  );
}
