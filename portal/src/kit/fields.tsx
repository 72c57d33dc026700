import type { ComponentChildren, VNode } from 'preact';
import { useId, useState } from 'preact/hooks';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Failure } from './states.tsx';
import { Text } from './text.tsx';

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly hint?: string;
  /** The reason why the registry refuses the value. */
  readonly fault?: string | undefined;
}

interface TextFieldProps extends FieldProps {
  readonly inputMode?: 'text' | 'numeric' | 'url';
  /** Has several lines. */
  readonly isLong?: boolean;
  readonly placeholder?: string;
}

/** A line, or some lines, that somebody types. */
export function TextField({ label, value, onValue, hint, fault, isLong = false, ...more }: TextFieldProps): VNode {
  const [id, about, why] = [useId(), useId(), useId()];
  const described = [...(hint === undefined ? [] : [about]), ...(fault === undefined ? [] : [why])].join(' ');
  const usual = {
    id,
    value,
    autocapitalize: 'none',
    autocomplete: 'off',
    spellcheck: false,
    'aria-describedby': described === '' ? undefined : described,
    'aria-invalid': fault === undefined ? undefined : true,
    onInput: ({ currentTarget }: { readonly currentTarget: HTMLInputElement | HTMLTextAreaElement }) =>
      onValue(currentTarget.value),
    ...more,
  } as const;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {isLong ? <textarea {...usual} rows={6} /> : <input {...usual} type="text" />}
      {hint === undefined ? null : (
        <small id={about} class="hint">
          {hint}
        </small>
      )}
      {fault === undefined ? null : (
        <small id={why} class="fault">
          <Text of={fault} />
        </small>
      )}
    </div>
  );
}

interface ChoiceFieldProps extends FieldProps {
  /** Each value with its label and a sentence about what it does. */
  readonly options: readonly (readonly [value: string, label: string, about: string])[];
}

/** One of several values, each of which says what it does. */
export function ChoiceField({ label, value, onValue, options, hint }: ChoiceFieldProps): VNode {
  const name = useId();
  return (
    <fieldset class="field">
      <legend>{label}</legend>
      {options.map(([each, title, about]) => (
        <label key={each} class="check">
          <input type="radio" name={name} value={each} checked={each === value} onChange={() => onValue(each)} />
          <span>
            {title}
            <small class="hint">{`: ${about}`}</small>
          </span>
        </label>
      ))}
      {hint === undefined ? null : <small class="hint">{hint}</small>}
    </fieldset>
  );
}

interface SelectFieldProps extends FieldProps {
  readonly options: readonly (readonly [value: string, label: string])[];
}

/** One of several values. */
export function SelectField({ label, value, onValue, options }: SelectFieldProps): VNode {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={({ currentTarget }) => onValue(currentTarget.value)}>
        {options.map(([each, name]) => (
          <option key={each} value={each}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

interface CheckFieldProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

/** Something that is on or off. */
export function CheckField({ label, isOn, onChange }: CheckFieldProps): VNode {
  return (
    <label class="check">
      <input type="checkbox" checked={isOn} onChange={() => onChange(!isOn)} />
      {label}
    </label>
  );
}

interface FormDialogProps {
  readonly title: string;
  readonly submit: string;
  /** Rejects with what the registry says where it refuses. */
  readonly onSubmit: () => Promise<unknown>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly isDanger?: boolean;
}

/** A form in a dialog, which stays as it is while what it asks for is refused. */
export function FormDialog({ title, submit, onSubmit, onClose, children, isDanger = false }: FormDialogProps): VNode {
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Error>();
  const send = async () => {
    if (isBusy) return;
    setBusy(true);
    try {
      await onSubmit();
      onClose();
    } catch (error) {
      // It stands in the dialog: what is behind that cannot be read now.
      setFailure(error as Error);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={title}
      closeLabel="Cancel"
      onClose={onClose}
      actions={
        <Button kind={isDanger ? 'danger' : 'primary'} isBusy={isBusy} onPress={send}>
          {submit}
        </Button>
      }
    >
      <form
        class="shown"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {children}
        {failure === undefined ? null : <Failure of={failure} />}
      </form>
    </Dialog>
  );
}
