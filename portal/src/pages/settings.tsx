import type { Edits, VNode } from '../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  CheckField,
  formatNumber,
  linesOf,
  PageHead,
  refuseIfChanged,
  SelectField,
  send,
  Show,
  Text,
  TextField,
  Time,
  useEdits,
  useLoaded,
  useState,
  whyNot,
} from '../kit.ts';

type Settings = Awaited<ReturnType<typeof loadSettings>>;

const write = 'management/write';
const skus = ['basic', 'standard', 'premium'] as const;

async function loadSettings(signal: AbortSignal) {
  const [registry, bin, everyone] = await Promise.all([
    answered(api.GET('/registry', { signal })),
    answered(api.GET('/soft-delete', { signal })),
    answered(api.GET('/anonymous', { signal })),
  ]);
  return { registry, bin, everyone };
}

/** The settings of the registry that can be changed while it runs. */
export function SettingsPage(): VNode {
  const loaded = useLoaded('settings', loadSettings, { everyMs: 30_000 });
  return (
    <>
      <PageHead title="Settings" />
      <Show of={loaded}>
        {(settings) => (
          <div class="cards">
            <Sku of={settings.registry} reload={loaded.reload} />
            <Bin of={settings.bin} reload={loaded.reload} />
            <Everyone of={settings.everyone} reload={loaded.reload} />
          </div>
        )}
      </Show>
    </>
  );
}

interface Of<T> {
  readonly of: T;
  readonly reload: () => void;
}

interface SaveProps {
  readonly edits: Pick<Edits<object>, 'isEdited' | 'forget' | 'forgetWhenLoaded'>;
  readonly reload: () => void;
  /** The address of the settings, and the settings as they were read. */
  readonly path: readonly string[];
  readonly of: object;
  readonly method: 'PUT' | 'PATCH';
  readonly content: () => object;
  readonly done: string;
}

/** Saves what was edited, unless somebody else has changed it meanwhile: that is shown then, beside the edits. */
function Save({ edits, reload, path, of, method, content, done }: SaveProps): VNode {
  const [isBusy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    const isSaved = await attempt(async () => {
      await refuseIfChanged(path, of, 'What it is now is shown with your edits: look at it, and save again.');
      await send(method, path, content());
    }, done);
    setBusy(false);
    if (isSaved) edits.forgetWhenLoaded();
    reload();
  };
  return (
    <div class="actions">
      <Button
        kind="primary"
        isBusy={isBusy}
        disabledWhy={whyNot(write) ?? (edits.isEdited ? undefined : 'Nothing was changed.')}
        onPress={save}
      >
        Save
      </Button>
      {edits.isEdited ? <Button onPress={edits.forget}>Undo the changes</Button> : null}
    </div>
  );
}

const limits = [
  ['registry', 'Of all'],
  ['identity', 'Of each caller'],
] as const;
const kinds = ['read', 'write', 'delete'] as const;
type LimitKey = `${(typeof limits)[number][0]} ${(typeof kinds)[number]}`;

type Typed = Readonly<Record<LimitKey, string>> & { readonly sku: string };

function typedRegistry({ sku, rateLimits }: Settings['registry']): Typed {
  const pairs = limits.flatMap(([whose]) =>
    kinds.map((kind) => [`${whose} ${kind}`, String(rateLimits[whose][kind] ?? '')] as const),
  );
  return { sku, ...(Object.fromEntries(pairs) as Record<LimitKey, string>) };
}

function registryOf(now: Typed): object {
  const limitOf = (key: LimitKey) => (now[key].trim() === '' ? null : Number(now[key]));
  const rateLimits = limits.map(([whose]) => [
    whose,
    Object.fromEntries(kinds.map((kind) => [kind, limitOf(`${whose} ${kind}`)])),
  ]);
  return { sku: now.sku, rateLimits: Object.fromEntries(rateLimits) as object };
}

function Sku({ of, reload }: Of<Settings['registry']>): VNode {
  const edits = useEdits(of, typedRegistry);
  const { registry, identity } = of.inForce;
  return (
    <section class="card" aria-label="Registry">
      <h2>
        Registry <Text of={of.name} />
      </h2>
      <SelectField
        label="SKU"
        value={edits.now.sku}
        options={skus.map((each) => [each, each])}
        onValue={(sku) => edits.set({ sku })}
      />
      <dl class="facts">
        <Limits name="Limits of all, a minute" of={registry} />
        <Limits name="Limits of each caller, a minute" of={identity} />
      </dl>
      <OwnLimits edits={edits} />
      {of.updatedAt === undefined ? null : (
        <p>
          Changed <Time at={of.updatedAt} />
        </p>
      )}
      <Save
        edits={edits}
        reload={reload}
        path={['registry']}
        of={of}
        method="PATCH"
        content={() => registryOf(edits.now)}
        done="The registry is changed."
      />
    </section>
  );
}

function OwnLimits({ edits: { now, set } }: { readonly edits: Edits<Typed> }): VNode {
  return (
    <details>
      <summary>Limits of your own, a minute</summary>
      <p class="hint">Empty, the limit of the SKU is in force.</p>
      <div class="checks">
        {limits.flatMap(([whose, words]) =>
          kinds.map((kind) => (
            <TextField
              key={`${whose} ${kind}`}
              label={`${words}: ${kind}`}
              inputMode="numeric"
              value={now[`${whose} ${kind}`]}
              onValue={(value) => set({ [`${whose} ${kind}`]: value })}
            />
          )),
        )}
      </div>
    </details>
  );
}

interface Rates {
  readonly read: number;
  readonly write: number;
  readonly delete: number;
}

function Limits({ name, of }: { readonly name: string; readonly of: Rates | undefined }): VNode {
  const said =
    of === undefined
      ? 'none'
      : `${formatNumber(of.read)} reads, ${formatNumber(of.write)} writes, ${formatNumber(of.delete)} deletions`;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{said}</dd>
    </div>
  );
}

function Bin({ of, reload }: Of<Settings['bin']>): VNode {
  const edits = useEdits(of, (stored) => ({ ...stored, retentionDays: String(stored.retentionDays) }));
  const { now } = edits;
  return (
    <section class="card" aria-label="Recycle bin">
      <h2>Recycle bin</h2>
      <CheckField label="Keep what is deleted" isOn={now.enabled} onChange={(enabled) => edits.set({ enabled })} />
      <TextField
        label="For so many days"
        inputMode="numeric"
        value={now.retentionDays}
        onValue={(retentionDays) => edits.set({ retentionDays })}
      />
      <CheckField
        label="Restore what is pulled"
        isOn={now.restoreOnPull}
        onChange={(restoreOnPull) => edits.set({ restoreOnPull })}
      />
      <Save
        edits={edits}
        reload={reload}
        path={['soft-delete']}
        of={of}
        method="PUT"
        content={() => ({ ...now, retentionDays: Number(now.retentionDays) })}
        done="The recycle bin is changed."
      />
    </section>
  );
}

function Everyone({ of, reload }: Of<Settings['everyone']>): VNode {
  const edits = useEdits(of, ({ repositories }) => ({ text: repositories.join('\n') }));
  return (
    <section class="card" aria-label="Pulls by everyone">
      <h2>Pulls by everyone</h2>
      <TextField
        label="Repositories, one a line"
        isLong
        value={edits.now.text}
        onValue={(text) => edits.set({ text })}
        hint="Everyone may pull from these without signing in; empty, nobody may. * stands for anything but a slash."
      />
      <Save
        edits={edits}
        reload={reload}
        path={['anonymous']}
        of={of}
        method="PUT"
        content={() => ({ repositories: linesOf(edits.now.text) })}
        done="What everyone may pull is changed."
      />
    </section>
  );
}
