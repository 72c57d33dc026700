import type { VNode } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

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
  // The value that comes back from what was typed must not take away what was typed since.
  const sent = useRef(value);
  const latest = useRef(onFilter);
  latest.current = onFilter;
  const send = (typed: string) => {
    sent.current = typed;
    latest.current(typed);
  };
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    if (text === sent.current) return undefined;
    const timer = setTimeout(() => send(text), pauseMs);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <form
      class="filter"
      onSubmit={(event) => {
        event.preventDefault();
        send(text);
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
