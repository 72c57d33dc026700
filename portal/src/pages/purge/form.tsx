import type { Schema, VNode } from '../../kit.ts';
import {
  Button,
  CheckField,
  FormDialog,
  linkTo,
  SelectField,
  send,
  TextField,
  useLocation,
  useState,
} from '../../kit.ts';
import type { Field, TypedPolicy, TypedRule } from './typed.ts';
import { changesOf, keepFields, removeFields, typedOf } from './typed.ts';

const spans = [
  ['hour', 'every hour'],
  ['day', 'every day'],
  ['week', 'every week'],
] as const;
const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

interface PolicyFormProps {
  readonly of: Schema<'PurgePolicy'>;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Changes a policy, then leads to a new plan of it: what the changed rules would remove is seen before they do. */
export function PolicyForm({ of: { name, policy, on }, onClose, onDone }: PolicyFormProps): VNode {
  const [, navigate] = useLocation();
  const [before] = useState(() => typedOf(policy));
  const [now, setNow] = useState(before);
  const [showsPlan, setShowsPlan] = useState(true);
  const submit = async () => {
    await send('PATCH', ['purge', 'policies', name], changesOf(before, now));
    onDone();
    if (showsPlan) navigate(linkTo('/plan', { policy: name, make: true }));
  };
  return (
    <FormDialog title={`Change ${name}`} submit="Save" onSubmit={submit} onClose={onClose}>
      {on ? <p>Changed rules must be approved anew, by their plan. Until then the policy removes nothing.</p> : null}
      <Scope of={now} set={(changes) => setNow({ ...now, ...changes })} />
      <Rules
        what="An image goes if all of this holds"
        fields={removeFields}
        of={now.remove}
        set={(remove) => setNow({ ...now, remove })}
      />
      <Rules
        what="It stays if all of this holds"
        fields={keepFields}
        of={now.keep}
        set={(keep) => setNow({ ...now, keep })}
      />
      <Times of={now} set={(changes) => setNow({ ...now, ...changes })} />
      <CheckField label="Make a plan, and show it" isOn={showsPlan} onChange={setShowsPlan} />
    </FormDialog>
  );
}

interface PartProps {
  readonly of: TypedPolicy;
  readonly set: (changes: Partial<TypedPolicy>) => void;
}

const patterns = 'Patterns with spaces between them; ** is any, * anything but a slash.';

function Scope({ of, set }: PartProps): VNode {
  return (
    <>
      <TextField
        label="Repositories"
        value={of.repositories}
        onValue={(repositories) => set({ repositories })}
        hint={patterns}
      />
      <TextField
        label="But not these repositories"
        value={of.exceptRepositories}
        onValue={(exceptRepositories) => set({ exceptRepositories })}
      />
      <TextField label="Tags" value={of.tags} onValue={(tags) => set({ tags })} />
      <TextField
        label="But not these tags"
        value={of.exceptTags}
        onValue={(exceptTags) => set({ exceptTags })}
        hint="Images without a tag go only by rules about having none, unless the tags are all of them."
      />
    </>
  );
}

function Times({ of, set }: PartProps): VNode {
  return (
    <>
      <TextField
        label="Days in the recycle bin"
        inputMode="numeric"
        value={of.retentionDays}
        onValue={(retentionDays) => set({ retentionDays })}
      />
      <SelectField label="Runs" value={of.every} options={spans} onValue={(every) => set({ every })} />
      {of.every === 'hour' ? null : (
        <TextField label="At, in UTC" value={of.at} onValue={(at) => set({ at })} placeholder="03:00" />
      )}
      {of.every !== 'week' ? null : (
        <SelectField
          label="On"
          value={of.on}
          options={weekdays.map((day) => [day, day] as const)}
          onValue={(on) => set({ on })}
        />
      )}
      <TextField
        label="Brake, in percent"
        inputMode="numeric"
        value={of.brakePercent}
        onValue={(brakePercent) => set({ brakePercent })}
        hint="A run that would remove more than this share of a repository stops, and asks."
      />
    </>
  );
}

interface RulesProps {
  readonly what: string;
  readonly fields: readonly Field[];
  readonly of: readonly TypedRule[];
  readonly set: (rules: readonly TypedRule[]) => void;
}

function Rules({ what, fields, of, set }: RulesProps): VNode {
  return (
    <>
      {of.map((rule, at) => (
        <fieldset key={at} class="field checks">
          <legend>{`${what} (${at + 1})`}</legend>
          <TextField
            label="Name of the rule"
            value={rule.name ?? ''}
            onValue={(name) => set(of.with(at, { ...rule, name }))}
          />
          {fields.map(([key, label, kind, hint]) => (
            <TextField
              key={key}
              label={label}
              isLong={kind === 'pairs'}
              inputMode={kind === 'number' ? 'numeric' : 'text'}
              value={rule[key] ?? ''}
              onValue={(value) => set(of.with(at, { ...rule, [key]: value }))}
              {...(hint === undefined ? {} : { hint })}
            />
          ))}
          <div class="actions">
            <Button
              label={`Take out ${rule.name === '' || rule.name === undefined ? 'this rule' : rule.name}`}
              onPress={() => set(of.filter((_, each) => each !== at))}
            >
              Take out
            </Button>
          </div>
        </fieldset>
      ))}
      <div class="actions">
        <Button onPress={() => set([...of, { name: '' }])}>{`Another: ${what.toLowerCase()}`}</Button>
      </div>
    </>
  );
}
