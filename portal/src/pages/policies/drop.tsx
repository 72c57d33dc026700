import type { VNode } from '../../kit.ts';
import { TextField, useState } from '../../kit.ts';

/** A file that is larger is none of a key or a root. */
const mostBytes = 1_048_576;

interface DropFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (text: string) => void;
  readonly hint: string;
  readonly placeholder: string;
  readonly fault?: string | undefined;
  /** The endings of the files that are meant. */
  readonly accept: string;
}

/** A text that is typed, pasted, dropped as a file, or read from one that is chosen. It goes nowhere but into the field. */
export function DropField({ label, value, onValue, hint, placeholder, fault, accept }: DropFieldProps): VNode {
  const [refused, setRefused] = useState<string>();
  const take = async (file: File | undefined) => {
    if (file === undefined) return;
    setRefused(file.size > mostBytes ? 'This file is too large to be meant: it has more than a mebibyte.' : undefined);
    if (file.size <= mostBytes) onValue(await file.text());
  };
  return (
    <div
      class="field"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        const [file] = event.dataTransfer?.files ?? [];
        if (file === undefined) return;
        // The browser would open the file instead, and the form would be gone.
        event.preventDefault();
        void take(file);
      }}
    >
      <TextField
        label={label}
        isLong
        value={value}
        onValue={(text) => {
          setRefused(undefined);
          onValue(text);
        }}
        hint={hint}
        placeholder={placeholder}
        fault={refused ?? fault}
      />
      <input
        type="file"
        aria-label={`${label}: from a file`}
        accept={accept}
        onChange={({ currentTarget }) => {
          void take(currentTarget.files?.[0]);
          currentTarget.value = '';
        }}
      />
    </div>
  );
}
