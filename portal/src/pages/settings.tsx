import type { VNode } from '../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  CheckField,
  formatNumber,
  PageHead,
  SelectField,
  Show,
  Text,
  TextField,
  Time,
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
  const loaded = useLoaded('settings', loadSettings);
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

function Sku({ of, reload }: Of<Settings['registry']>): VNode {
  const [sku, setSku] = useState<string>(of.sku);
  const save = async () => {
    const body = { sku: skus.find((each) => each === sku) ?? of.sku };
    await attempt(() => answered(api.PATCH('/registry', { body })), 'The SKU is changed.');
    reload();
  };
  const { registry, identity } = of.inForce;
  return (
    <section class="card" aria-label="Registry">
      <h2>
        Registry <Text of={of.name} />
      </h2>
      <SelectField label="SKU" value={sku} options={skus.map((each) => [each, each])} onValue={setSku} />
      <dl class="facts">
        <Limits name="Limits of all, a minute" of={registry} />
        <Limits name="Limits of each caller, a minute" of={identity} />
      </dl>
      {of.updatedAt === undefined ? null : (
        <p>
          Changed <Time at={of.updatedAt} />
        </p>
      )}
      <Button kind="primary" disabledWhy={whyNot(write)} onPress={save}>
        Save
      </Button>
    </section>
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
  const [enabled, setEnabled] = useState(of.enabled);
  const [days, setDays] = useState(String(of.retentionDays));
  const [restoreOnPull, setRestore] = useState(of.restoreOnPull);
  const save = async () => {
    const body = { enabled, retentionDays: Number(days), restoreOnPull };
    await attempt(() => answered(api.PUT('/soft-delete', { body })), 'The recycle bin is changed.');
    reload();
  };
  return (
    <section class="card" aria-label="Recycle bin">
      <h2>Recycle bin</h2>
      <CheckField label="Keep what is deleted" isOn={enabled} onChange={setEnabled} />
      <TextField label="For so many days" inputMode="numeric" value={days} onValue={setDays} />
      <CheckField label="Restore what is pulled" isOn={restoreOnPull} onChange={setRestore} />
      <Button kind="primary" disabledWhy={whyNot(write)} onPress={save}>
        Save
      </Button>
    </section>
  );
}

function Everyone({ of, reload }: Of<Settings['everyone']>): VNode {
  const [text, setText] = useState(of.repositories.join('\n'));
  const save = async () => {
    const body = { repositories: text.split(/\s+/).filter((each) => each !== '') };
    await attempt(() => answered(api.PUT('/anonymous', { body })), 'What everyone may pull is changed.');
    reload();
  };
  return (
    <section class="card" aria-label="Pulls by everyone">
      <h2>Pulls by everyone</h2>
      <TextField
        label="Repositories, one a line"
        isLong
        value={text}
        onValue={setText}
        hint="Everyone may pull from these without signing in; empty, nobody may. * stands for anything but a slash."
      />
      <Button kind="primary" disabledWhy={whyNot(write)} onPress={save}>
        Save
      </Button>
    </section>
  );
}
