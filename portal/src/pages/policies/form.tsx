import type { VNode } from '../../kit.ts';
import {
  ApiFailure,
  Button,
  FormDialog,
  refuseIfChanged,
  refuseIfThere,
  SelectField,
  send,
  TextField,
  toast,
  useState,
} from '../../kit.ts';
import type { Typed } from './covering.ts';
import { faultAt, faultsIn, noFaults } from './faults.ts';
import { saysAll, settingsIn } from './json-text.ts';
import type { Kind, Policy } from './kinds.tsx';
import { ModeField } from './mode.tsx';

interface FormProps<P extends Policy, T extends Typed> {
  readonly kind: Kind<P, T>;
  /** Absent for a new one. */
  readonly of: P | undefined;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** These properties of an answer are no settings of the policy. */
const shownBeside = ['name', 'createdAt', 'updatedAt'];

/** Adds a policy, or changes one: by fields, or as JSON, which says more than there are fields for. */
export function PolicyForm<P extends Policy, T extends Typed>({ kind, of, onClose, onDone }: FormProps<P, T>): VNode {
  const [name, setName] = useState(of?.name ?? '');
  const [now, setNow] = useState<T>(() => (of === undefined ? kind.begin : kind.typed(of)));
  const [json, setJson] = useState<string>();
  const [faults, setFaults] = useState(noFaults);
  const submit = async () => {
    setFaults(noFaults);
    const content = json === undefined ? kind.settings(now) : settingsIn(json);
    const path = [...kind.path, name.trim()];
    if (name.trim() === '') throw new ApiFailure(`Give the ${kind.one} a name.`, 400);
    try {
      if (of === undefined) await refuseIfThere(path, `a ${kind.one}`);
      else await refuseIfChanged(path, of);
      await send('PUT', path, content);
    } catch (error) {
      if (!(error instanceof ApiFailure) || error.status !== 400) throw error;
      const found = faultsIn(error.message, kind.roots, (at) => json === undefined && kind.shows.test(at));
      setFaults(found);
      const rest = found.fields.length === 0 ? [] : ['The fields above say what is wrong with them.'];
      throw new ApiFailure([...rest, ...found.others].join(' '), 400);
    }
    onDone();
    toast(`The policy ${name} is saved. What is stored is judged by it now.`);
  };
  return (
    <FormDialog
      title={of === undefined ? `Add a ${kind.one}` : `Change ${of.name}`}
      submit="Save"
      onSubmit={submit}
      onClose={onClose}
    >
      {of !== undefined ? null : (
        <TextField
          label="Name"
          value={name}
          onValue={setName}
          placeholder="release"
          hint="Reasons name it."
          fault={faultAt(faults, 'name')}
        />
      )}
      {json === undefined ? (
        <>
          <Fields kind={kind} of={now} set={(changes) => setNow({ ...now, ...changes })} faults={faults} />
          <AsJson kind={kind} of={of} now={now} show={setJson} />
        </>
      ) : (
        <JsonText kind={kind} text={json} setText={setJson} take={setNow} />
      )}
    </FormDialog>
  );
}

const heldTags = [
  ['refuse', 'is refused'],
  ['serve-previous', 'serves the image that it had before'],
] as const;

interface FieldsProps<P extends Policy, T extends Typed> {
  readonly kind: Kind<P, T>;
  readonly of: T;
  readonly set: (changes: Partial<T>) => void;
  readonly faults: typeof noFaults;
}

function Fields<P extends Policy, T extends Typed>({ kind, of, set, faults }: FieldsProps<P, T>): VNode {
  const change = (changes: Partial<Typed>) => set(changes as Partial<T>);
  return (
    <>
      <ModeField value={of.mode} onValue={(mode) => change({ mode })} />
      <TextField
        label="Repositories"
        value={of.repositories}
        onValue={(repositories) => change({ repositories })}
        hint="Patterns with spaces between them; ** is any, * anything but a slash."
        fault={faultAt(faults, 'repositories.include')}
      />
      <TextField
        label="But not these repositories"
        value={of.exceptRepositories}
        onValue={(exceptRepositories) => change({ exceptRepositories })}
        fault={faultAt(faults, 'repositories.exclude')}
      />
      <TextField
        label="Hours of grace"
        inputMode="numeric"
        value={of.graceHours}
        onValue={(graceHours) => change({ graceHours })}
        hint="So long an image that passed once stays open when it no longer does."
        fault={faultAt(faults, 'graceHours')}
      />
      <SelectField
        label="A tag that moves to a held image"
        value={of.heldTag}
        options={heldTags}
        onValue={(heldTag) => change({ heldTag })}
      />
      <kind.Fields of={of} set={set} faults={faults} />
    </>
  );
}

interface AsJsonProps<P extends Policy, T extends Typed> {
  readonly kind: Kind<P, T>;
  readonly of: P | undefined;
  readonly now: T;
  readonly show: (text: string) => void;
}

/** Shows as JSON what the fields say; where they cannot be read yet, what is stored. */
function AsJson<P extends Policy, T extends Typed>({ kind, of, now, show }: AsJsonProps<P, T>): VNode {
  const write = () => {
    let settings: object;
    try {
      settings = kind.settings(now);
    } catch (error) {
      if (of === undefined) {
        toast((error as Error).message, { kind: 'failed' });
        return;
      }
      settings = Object.fromEntries(Object.entries(of).filter(([key]) => !shownBeside.includes(key)));
    }
    show(JSON.stringify(settings, undefined, 2));
  };
  return (
    <div class="actions">
      <Button onPress={write}>Edit as JSON</Button>
    </div>
  );
}

interface JsonTextProps<P extends Policy, T extends Typed> {
  readonly kind: Kind<P, T>;
  readonly text: string;
  readonly setText: (text: string | undefined) => void;
  readonly take: (typed: T) => void;
}

function JsonText<P extends Policy, T extends Typed>({ kind, text, setText, take }: JsonTextProps<P, T>): VNode {
  const [fault, setFault] = useState<string>();
  const back = () => {
    try {
      const settings = settingsIn(text);
      const typed = readTyped(kind, settings);
      if (typed === undefined) throw new Error('There are no fields for all of this: save it as JSON.');
      take(typed);
      setText(undefined);
    } catch (error) {
      setFault((error as Error).message);
    }
  };
  return (
    <>
      <TextField
        label="Settings as JSON"
        isLong
        value={text}
        onValue={(typed) => {
          setFault(undefined);
          setText(typed);
        }}
        hint="As the API takes them; it names what it does not take."
        fault={fault}
      />
      <div class="actions">
        <Button onPress={back}>Edit by fields</Button>
      </div>
    </>
  );
}

/** Returns settings as fields; `undefined` where a field would lose something that they say. */
function readTyped<P extends Policy, T extends Typed>(kind: Kind<P, T>, settings: object): T | undefined {
  try {
    const { repositories = {} } = settings as { readonly repositories?: object };
    const whole = { ...kind.defaults, ...settings, repositories: { include: ['**'], exclude: [], ...repositories } };
    const typed = kind.typed(whole as unknown as P);
    return saysAll(kind.settings(typed), settings) ? typed : undefined;
  } catch {
    return undefined;
  }
}
