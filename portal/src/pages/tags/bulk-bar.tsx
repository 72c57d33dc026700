import type { ComponentChildren, Schema, Selection, VNode } from '../../kit.ts';
import {
  answered,
  api,
  bulksUnderWay,
  Button,
  cancelBulk,
  confirmed,
  countOf,
  formatNumber,
  Text,
  useEffect,
  useState,
  watchBulk,
  whyNot,
} from '../../kit.ts';

export type Content = Omit<Schema<'BulkDeletionContent'>, 'repository'>;

interface BulkBarProps {
  readonly selection: Selection;
  readonly total: number;
  readonly isAtLeast: boolean;
  readonly search: string | undefined;
  readonly onOne: (tag: string) => void;
  readonly onMany: (content: Content) => unknown;
  /** Other ways to delete many. */
  readonly children: ComponentChildren;
}

/** The most tags that a call may name one by one. */
const mostNamed = 1_000;

/** Says how many tags are selected, and deletes them. All that match can be selected, on all pages. */
export function BulkBar({ selection, total, isAtLeast, search, onOne, onMany, children }: BulkBarProps): VNode {
  const [isAll, setAll] = useState(false);
  const { size } = selection.keys;
  useEffect(() => setAll(false), [size, search]);
  const number = isAll ? total : size;
  const all = `${isAtLeast ? 'at least ' : ''}${formatNumber(total)}`;
  const remove = async () => {
    const [first] = selection.keys;
    if (!isAll && size === 1 && first !== undefined) {
      onOne(first);
      return;
    }
    const named = isAll && isAtLeast ? `${all} tags` : countOf(number, 'tag');
    const isSure = await confirmed({
      title: `Delete ${named}?`,
      body: (
        <ManyBody search={isAll ? search : undefined} tags={isAll ? [] : [...selection.keys]} isAtLeast={isAtLeast} />
      ),
      confirm: `Delete ${named}`,
      isDanger: true,
    });
    if (!isSure) return;
    setAll(false);
    await onMany(
      isAll ? { search: search ?? '*', ...(isAtLeast ? {} : { expected: total }) } : { tags: [...selection.keys] },
    );
  };
  const nothing = number === 0 ? 'Select tags first: by their boxes, or by x on a row.' : undefined;
  const tooMany =
    !isAll && size > mostNamed ? `At most ${formatNumber(mostNamed)} can be picked one by one.` : undefined;
  return (
    <div class="bar bulk">
      <span role="status">{isAll ? `All ${all} that match are selected` : `${formatNumber(size)} selected`}</span>
      {isAll || total <= size ? null : <Button onPress={() => setAll(true)}>Select all {all} that match</Button>}
      {number === 0 ? null : (
        <Button
          onPress={() => {
            setAll(false);
            selection.clear();
          }}
        >
          Select none
        </Button>
      )}
      <Button kind="danger" onPress={remove} disabledWhy={whyNot('management/write') ?? nothing ?? tooMany}>
        Delete …
      </Button>
      {children}
    </div>
  );
}

interface ManyBodyProps {
  readonly search: string | undefined;
  readonly tags: readonly string[];
  readonly isAtLeast: boolean;
}

function ManyBody({ search, tags, isAtLeast }: ManyBodyProps): VNode {
  const shown = 20;
  return (
    <>
      {tags.length === 0 ? (
        <p>
          {search === undefined ? (
            'All tags of this repository go.'
          ) : (
            <>
              All tags go that match <Text of={search} />.
            </>
          )}{' '}
          {isAtLeast
            ? 'More may match than were counted: all of them go.'
            : 'If their number has changed by then, nothing is deleted.'}
        </p>
      ) : (
        <ul class="chips">
          {tags.slice(0, shown).map((tag) => (
            <li key={tag}>
              <Text of={tag} />
            </li>
          ))}
          {tags.length > shown ? <li>{`and ${formatNumber(tags.length - shown)} more`}</li> : null}
        </ul>
      )}
      <Kept />
    </>
  );
}

/** Says what stays all the same, and how it goes on. */
export function Kept(): VNode {
  return (
    <p>
      An image to which other tags point stays, and so does what is locked. The registry does it by itself, even when
      this tab is closed; it can be undone.
    </p>
  );
}

/** The deletions that are under way in this repository, those that another tab has begun too. */
export function BulksUnderWay({ repository }: { readonly repository: string }): VNode {
  useEffect(() => {
    const abandoned = new AbortController();
    answered(api.GET('/bulk-deletions', { params: { query: { limit: 20 } }, signal: abandoned.signal })).then(
      ({ items }) => items.filter((each) => each.state === 'running').forEach(watchBulk),
      // It is no part of what the page is for.
      () => undefined,
    );
    return () => abandoned.abort();
  }, [repository]);
  const ours = [...bulksUnderWay.value.values()].filter((each) => each.repository === repository);
  return (
    <div role="status" class="under-way">
      {ours.map(({ id, matched, deleted }) => (
        <div key={id} class="bar">
          <progress aria-label="Deleted so far" max={Math.max(1, matched)} value={deleted} />
          <span>
            {formatNumber(deleted)} of {formatNumber(matched)} deleted
          </span>
          <Button onPress={() => cancelBulk(id)}>Stop</Button>
        </div>
      ))}
    </div>
  );
}
