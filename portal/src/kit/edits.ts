import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** The changes that somebody has made in a form and not saved, over what is stored. */
export interface Edits<T> {
  /** The form shows this: each field as it was typed, or else as it is stored now. */
  readonly now: T;
  readonly isEdited: boolean;
  readonly set: (changes: Partial<T>) => void;
  /** Shows what is stored. */
  readonly forget: () => void;
  /** The edits are saved: they stay until what is stored is loaded anew, so that the form does not go back and forth. */
  readonly forgetWhenLoaded: () => void;
}

/** Keeps edits over what is stored, which may be loaded anew meanwhile: that changes no field that somebody typed in. */
export function useEdits<Stored, T extends object>(stored: Stored, typed: (stored: Stored) => T): Edits<T> {
  const [edits, setEdits] = useState<Partial<T>>({});
  const isSaved = useRef(false);
  const forget = () => setEdits({});
  useLayoutEffect(() => {
    if (isSaved.current) forget();
    isSaved.current = false;
  }, [stored]);
  return {
    now: { ...typed(stored), ...edits },
    isEdited: Object.keys(edits).length > 0,
    set: (changes) => {
      isSaved.current = false;
      setEdits((before) => ({ ...before, ...changes }));
    },
    forget,
    forgetWhenLoaded: () => (isSaved.current = true),
  };
}
