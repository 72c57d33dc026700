import type { Schema, VNode } from '../../kit.ts';
import {
  ApiFailure,
  CheckField,
  FormDialog,
  linesOf,
  refuseIfThere,
  SelectField,
  send,
  showSecrets,
  TextField,
  useState,
} from '../../kit.ts';

type Hook = Schema<'Webhook'>;
type Kind = Schema<'WebhookContent'>['actions'][number];

const kinds: readonly Kind[] = [
  'push',
  'delete',
  'quarantine',
  'chart_push',
  'chart_delete',
  'Longshore.RepositoryCreated',
  'Longshore.RepositoryDeleted',
  'Longshore.TagMoved',
  'Longshore.TagDeleted',
  'Longshore.Recycled',
  'Longshore.Restored',
  'Longshore.Purged',
  'Longshore.PurgePlanned',
  'Longshore.BrakeApplied',
  'Longshore.BlobCollected',
  'Longshore.QuotaWarning',
  'Longshore.ReplicationCompleted',
  'Longshore.ReplicationFailing',
  'Longshore.BaseImageUpdated',
  'Longshore.BuildQueued',
  'Longshore.BuildStarted',
  'Longshore.BuildSucceeded',
  'Longshore.BuildFailed',
  'Longshore.ImageRebased',
  'Longshore.ImageHeld',
  'Longshore.ImageReleased',
  'Longshore.VerdictChanged',
  'Longshore.WebhookFailing',
  'Longshore.WebhookRecovered',
  'Longshore.WebhookDisabled',
];
const formats = [
  ['acr', 'as ACR writes it'],
  ['standard', 'Standard Webhooks'],
  ['cloudevents', 'CloudEvents'],
] as const;

/** A webhook as somebody types it. */
interface Typed {
  readonly serviceUri: string;
  readonly scope: string;
  readonly excludes: string;
  readonly headers: string;
  readonly format: string;
  readonly giveUp: string;
  readonly actions: readonly string[];
}

function typed(of: Hook | undefined): Typed {
  return {
    serviceUri: of?.serviceUri ?? '',
    scope: of?.scope ?? '',
    excludes: (of?.excludes ?? []).join('\n'),
    headers: Object.entries(of?.customHeaders ?? {})
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
    format: of?.format ?? 'acr',
    giveUp: of?.giveUpSeconds === undefined ? '' : String(of.giveUpSeconds),
    actions: of?.actions ?? ['push', 'delete'],
  };
}

/** The properties as the API has them, each for what is typed of it. */
const contentOf: { readonly [Key in keyof Typed]: (of: Typed) => object } = {
  serviceUri: ({ serviceUri }) => ({ serviceUri: serviceUri.trim() }),
  scope: ({ scope }) => ({ scope: scope.trim() }),
  excludes: ({ excludes }) => ({ excludes: linesOf(excludes) }),
  headers: ({ headers }) => ({ customHeaders: headersIn(headers) }),
  format: ({ format }) => ({ format }),
  giveUp: ({ giveUp }) => ({ giveUpSeconds: giveUp.trim() === '' ? null : Number(giveUp) }),
  actions: ({ actions }) => ({ actions }),
};

/** Returns what is typed otherwise than it was: what others change meanwhile stays as they changed it. */
function changesOf(before: Typed, now: Typed): object {
  const keys = Object.keys(contentOf) as (keyof Typed)[];
  const isOther = (key: keyof Typed) => JSON.stringify(before[key]) !== JSON.stringify(now[key]);
  return Object.assign({}, ...keys.filter(isOther).map((key) => contentOf[key](now))) as object;
}

function headersIn(text: string): Record<string, string> {
  return Object.fromEntries(
    linesOf(text).map((line) => {
      const colon = line.indexOf(':');
      if (colon < 1) throw new ApiFailure(`"${line}" is no header: write NAME: VALUE.`, 400);
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

interface HookFormProps {
  /** Absent for a new one. */
  readonly of: Hook | undefined;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Adds a webhook, or changes one. */
export function HookForm({ of, onClose, onDone }: HookFormProps): VNode {
  const [before] = useState(() => typed(of));
  const [now, setNow] = useState(before);
  const [name, setName] = useState(of?.name ?? '');
  const set = (key: keyof Typed) => (value: string) => setNow({ ...now, [key]: value });
  const submit = async () => {
    if (of !== undefined) await send('PATCH', ['webhooks', of.name], changesOf(before, now));
    else await make(name, now);
    onDone();
  };
  return (
    <FormDialog
      title={of === undefined ? 'Add a webhook' : `Change ${of.name}`}
      submit={of === undefined ? 'Add' : 'Save'}
      onSubmit={submit}
      onClose={onClose}
    >
      {of !== undefined ? null : (
        <TextField
          label="Name"
          value={name}
          onValue={setName}
          placeholder="deploy"
          hint="5 to 50 letters and digits."
        />
      )}
      <Fields of={now} set={set} />
      <fieldset class="field checks">
        <legend>Events</legend>
        {kinds.map((kind) => (
          <CheckField
            key={kind}
            label={kind}
            isOn={now.actions.includes(kind)}
            onChange={(isOn) =>
              setNow({ ...now, actions: isOn ? [...now.actions, kind] : now.actions.filter((each) => each !== kind) })
            }
          />
        ))}
      </fieldset>
    </FormDialog>
  );
}

async function make(name: string, now: Typed): Promise<void> {
  const content = { ...changesOf(typed(undefined), now), ...contentOf.serviceUri(now), ...contentOf.actions(now) };
  await refuseIfThere(['webhooks', name], 'a webhook');
  const made = (await send('PUT', ['webhooks', name], content)) as { readonly secret?: string };
  if (made.secret !== undefined) showSecrets('The webhook is there', [['Secret that signs', made.secret]]);
}

function Fields({ of, set }: { of: Typed; set: (key: keyof Typed) => (value: string) => void }): VNode {
  return (
    <>
      <TextField
        label="URL of the receiver"
        inputMode="url"
        value={of.serviceUri}
        onValue={set('serviceUri')}
        placeholder="https://ci.example/hook"
        hint="It gets a POST for each event. Later its secret parts are shown as ******, and stay where that is left."
      />
      <TextField
        label="Scope"
        value={of.scope}
        onValue={set('scope')}
        placeholder="team/*"
        hint="A repository, repository:tag, or a pattern; empty is everything."
      />
      <TextField label="Except, one a line" isLong value={of.excludes} onValue={set('excludes')} />
      <SelectField label="Body" value={of.format} options={formats} onValue={set('format')} />
      <TextField
        label="Headers, one a line"
        isLong
        value={of.headers}
        onValue={set('headers')}
        placeholder="Authorization: Bearer …"
        hint="Later values are shown as ******, and stay where that is left."
      />
      <TextField
        label="Gives up after seconds"
        inputMode="numeric"
        value={of.giveUp}
        onValue={set('giveUp')}
        hint="Empty, a delivery that nobody takes expires after a day."
      />
    </>
  );
}
