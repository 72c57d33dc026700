import type { VNode } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';

interface FilterProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly onFilter: (value: string) => void;
}

const pauseMs = 350;

/** Filters a list by what is typed, once typing has paused: the registry does it, for all of the list. */
export function Filter({ label, hint, value, onFilter }: FilterProps): VNode {
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onFilter(text), pauseMs);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <form
      class="filter"
      onSubmit={(event) => {
        event.preventDefault();
        onFilter(text);
      }}
    >
      <label class="unseen" for={id}>
        {label}
      </label>
      <input
        id={id}
        type="search"
        placeholder={hint}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}
