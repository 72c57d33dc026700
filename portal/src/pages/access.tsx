import type { Column, VNode } from '../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  confirmed,
  continuationOf,
  Empty,
  FormDialog,
  linkTo,
  PageHead,
  refuseIfChanged,
  refuseIfThere,
  SelectField,
  send,
  Show,
  ShowAnswer,
  showSecrets,
  Table,
  Tabs,
  Text,
  TextField,
  Time,
  toast,
  useAnswer,
  useLoaded,
  usePageQuery,
  useState,
  whyNot,
} from '../kit.ts';
import { fixedMaps } from './access/fixed-maps.ts';
import { Issuers } from './access/issuers.tsx';
import { SigningKeys } from './access/signing-keys.tsx';

type Token = Awaited<ReturnType<typeof loadAccess>>['tokens'][number];
type ScopeMap = Awaited<ReturnType<typeof loadAccess>>['maps'][number];
type Shown = readonly (readonly [name: string, value: string])[];

const write = 'management/write';
const actions = [
  'pull',
  'push',
  'delete',
  'metadata_read',
  'metadata_write',
  'deleted_read',
  'deleted_restore',
] as const;

async function loadAccess(signal: AbortSignal) {
  const params = { query: { limit: 100 } };
  const [tokens, maps] = await Promise.all([
    answered(api.GET('/tokens', { params, signal })),
    answered(api.GET('/scope-maps', { params, signal })),
  ]);
  const hasMore = continuationOf(tokens.nextLink) !== undefined || continuationOf(maps.nextLink) !== undefined;
  return { tokens: tokens.items, maps: maps.items, hasMore };
}

const views = [
  ['', 'Tokens and scope maps'],
  ['issuers', 'Trusted issuers'],
  ['keys', 'Signing keys'],
] as const;

/** The rights: tokens, the scope maps that say them, the issuers, and the answer to whether somebody may. */
export function AccessPage(): VNode {
  const view = usePageQuery().get('view') ?? '';
  const tabs = views.map(([key, label]) => ({ href: linkTo('/access', { view: key }), label, isHere: key === view }));
  return (
    <>
      <PageHead title="Access" />
      <Tabs label="Views of access" tabs={tabs} />
      {view === 'issuers' ? <Issuers /> : view === 'keys' ? <SigningKeys /> : <TokensAndMaps />}
    </>
  );
}

function TokensAndMaps(): VNode {
  const loaded = useLoaded('access', loadAccess);
  const [isAdding, setAdding] = useState(false);
  const [edited, setEdited] = useState<ScopeMap | 'new'>();
  const made = (secrets: Shown) => {
    showSecrets('Passwords', secrets);
    loaded.reload();
  };
  const add = (
    <div class="actions">
      <Button kind="primary" disabledWhy={whyNot(write)} onPress={() => setAdding(true)}>
        Add a token
      </Button>
      <Button disabledWhy={whyNot(write)} onPress={() => setEdited('new')}>
        Add a scope map
      </Button>
    </div>
  );
  return (
    <>
      {add}
      <MayThey />
      <Show of={loaded}>
        {({ tokens, maps, hasMore }) => (
          <>
            <h2>Tokens</h2>
            {tokens.length === 0 ? (
              <Empty title="There is no token.">
                <p>A token is a name with two passwords, for a machine or a person. Add one above.</p>
              </Empty>
            ) : (
              <Table label="Tokens" columns={tokenColumns(loaded.reload)} rows={tokens} keyOf={({ name }) => name} />
            )}
            <h2>Scope maps</h2>
            <ScopeMaps of={maps} reload={loaded.reload} onEdit={setEdited} />
            {hasMore ? <p>The first hundred of each are shown; the command longshore lists all.</p> : null}
            {isAdding ? <NewToken maps={maps} onClose={() => setAdding(false)} onMade={made} /> : null}
            {edited === undefined ? null : (
              <EditMap of={edited} onClose={() => setEdited(undefined)} onDone={loaded.reload} />
            )}
          </>
        )}
      </Show>
    </>
  );
}

function tokenColumns(reload: () => void): readonly Column<Token>[] {
  return [
    { name: 'name', head: 'Token', isHead: true, cell: ({ name }) => <Text of={name} /> },
    { name: 'map', head: 'Scope map', cell: ({ scopeMap }) => <Text of={scopeMap} /> },
    {
      name: 'status',
      head: 'State',
      cell: ({ status }) => <span class={`badge ${status === 'enabled' ? 'good' : ''}`}>{status}</span>,
    },
    { name: 'made', head: 'Made', cell: ({ createdAt }) => <Time at={createdAt} /> },
    {
      name: 'passwords',
      head: 'Passwords',
      cell: (token) => (
        <div class="actions">
          {(['password1', 'password2'] as const).map((password) => (
            <Password key={password} of={token} password={password} reload={reload} />
          ))}
        </div>
      ),
    },
    { name: 'actions', head: 'Actions', cell: (token) => <TokenActions of={token} reload={reload} /> },
  ];
}

interface PasswordProps {
  readonly of: Token;
  readonly password: 'password1' | 'password2';
  readonly reload: () => void;
}

function Password({ of: { name, passwords }, password, reload }: PasswordProps): VNode {
  const there = passwords.find((each) => each.name === password);
  const renew = async () => {
    const isSure =
      there === undefined ||
      (await confirmed({
        title: `Renew ${password} of ${name}`,
        confirm: 'Renew',
        isDanger: true,
        body: <p>Whoever uses the password that is there now is refused from then on. The other password stays.</p>,
      }));
    if (!isSure) return;
    await attempt(async () => {
      const params = { path: { name, password } };
      const { value } = await answered(api.POST('/tokens/{name}/passwords/{password}', { params, body: {} }));
      showSecrets('Passwords', [[`${password} of ${name}`, value]]);
    });
    reload();
  };
  const end = async () => {
    const body = <p>Whoever uses it is refused from then on. The other password stays.</p>;
    if (!(await confirmed({ title: `End ${password} of ${name}`, confirm: 'End it', isDanger: true, body }))) return;
    const params = { path: { name, password } };
    await attempt(() => answered(api.DELETE('/tokens/{name}/passwords/{password}', { params })), 'It has ended.');
    reload();
  };
  const state = there === undefined ? 'absent' : there.expiresAt === undefined ? 'no end' : 'until';
  return (
    <span>
      {`${password}: ${state} `}
      {there?.expiresAt === undefined ? null : <Time at={there.expiresAt} />}
      <Button kind="quiet" label={`Renew ${password} of ${name}`} disabledWhy={whyNot(write)} onPress={renew}>
        Renew
      </Button>
      {there === undefined ? null : (
        <Button kind="quiet" label={`End ${password} of ${name}`} disabledWhy={whyNot(write)} onPress={end}>
          End
        </Button>
      )}
    </span>
  );
}

function TokenActions({ of: { name, status }, reload }: { readonly of: Token; readonly reload: () => void }): VNode {
  const params = { path: { name } };
  const isOn = status === 'enabled';
  const change = async () => {
    const body = { status: isOn ? ('disabled' as const) : ('enabled' as const) };
    await attempt(() => answered(api.PATCH('/tokens/{name}', { params, body })));
    reload();
  };
  const remove = async () => {
    const body = <p>Its logins and sessions end. A token of the same name that is made later is another one.</p>;
    if (!(await confirmed({ title: `Delete the token ${name}`, confirm: 'Delete', isDanger: true, body }))) return;
    await attempt(() => answered(api.DELETE('/tokens/{name}', { params })), 'The token is deleted.');
    reload();
  };
  return (
    <div class="actions">
      <Button disabledWhy={whyNot(write)} label={`${isOn ? 'Disable' : 'Enable'} ${name}`} onPress={change}>
        {isOn ? 'Disable' : 'Enable'}
      </Button>
      <Button kind="danger" disabledWhy={whyNot(write)} label={`Delete ${name}`} onPress={remove}>
        Delete
      </Button>
    </div>
  );
}

function ScopeMaps({
  of: maps,
  reload,
  onEdit,
}: {
  readonly of: readonly ScopeMap[];
  readonly reload: () => void;
  readonly onEdit: (map: ScopeMap) => void;
}): VNode {
  return maps.length === 0 ? (
    <Empty title="There is no scope map.">
      <p>A scope map says what tokens may do in which repositories. Add one above, then a token with it.</p>
    </Empty>
  ) : (
    <Table label="Scope maps" columns={mapColumns(reload, onEdit)} rows={maps} keyOf={({ name }) => name} />
  );
}

function mapColumns(reload: () => void, edit: (map: ScopeMap) => void): readonly Column<ScopeMap>[] {
  const whyFixed = (name: string) =>
    name.startsWith('_') ? 'It is one of ACR’s own, which are always there.' : undefined;
  const remove = async (name: string) => {
    const body = <p>Tokens and issuers with this scope map may do nothing from then on.</p>;
    if (!(await confirmed({ title: `Delete the scope map ${name}`, confirm: 'Delete', isDanger: true, body }))) return;
    const params = { path: { name } };
    await attempt(() => answered(api.DELETE('/scope-maps/{name}', { params })), 'The scope map is deleted.');
    reload();
  };
  return [
    { name: 'name', head: 'Scope map', isHead: true, cell: ({ name }) => <Text of={name} /> },
    { name: 'actions', head: 'Allows', cell: ({ actions: all }) => <Text of={all.join('\n')} hasLines /> },
    {
      name: 'do',
      head: 'Actions',
      cell: (map) => (
        <div class="actions">
          <Button
            disabledWhy={whyNot(write) ?? whyFixed(map.name)}
            label={`Change ${map.name}`}
            onPress={() => edit(map)}
          >
            Change
          </Button>
          <Button
            kind="danger"
            disabledWhy={whyNot(write) ?? whyFixed(map.name)}
            label={`Delete ${map.name}`}
            onPress={() => remove(map.name)}
          >
            Delete
          </Button>
        </div>
      ),
    },
  ];
}

interface NewTokenProps {
  readonly maps: readonly ScopeMap[];
  readonly onClose: () => void;
  readonly onMade: (secrets: Shown) => void;
}

function NewToken({ maps, onClose, onMade }: NewTokenProps): VNode {
  const [name, setName] = useState('');
  const [scopeMap, setMap] = useState(maps[0]?.name ?? fixedMaps[0]);
  const [days, setDays] = useState('');
  const submit = async () => {
    const end = days === '' ? {} : { expiresAt: new Date(Date.now() + Number(days) * 86_400_000).toISOString() };
    const made = (await send('POST', ['tokens'], { name, scopeMap, ...end })) as {
      readonly passwords: readonly { readonly name: string; readonly value: string }[];
    };
    onMade(made.passwords.map((each) => [`${each.name} of ${name}`, each.value]));
  };
  return (
    <FormDialog title="Add a token" submit="Add" onSubmit={submit} onClose={onClose}>
      <TextField label="Name" value={name} onValue={setName} placeholder="ci" />
      <SelectField
        label="Scope map"
        value={scopeMap}
        options={[...maps.map(({ name: each }) => each), ...fixedMaps].map((each) => [each, each])}
        onValue={setMap}
      />
      <TextField
        label="Ends after days"
        inputMode="numeric"
        value={days}
        onValue={setDays}
        hint="Empty, its passwords never end."
      />
    </FormDialog>
  );
}

const actionsHint =
  'repositories/NAME/ with content/read, content/write, content/delete, metadata/read, metadata/write, deleted/read or ' +
  'deleted/restore; catalog/read; management/read, management/write.';

function EditMap({ of, onClose, onDone }: { of: ScopeMap | 'new'; onClose: () => void; onDone: () => void }): VNode {
  const before = of === 'new' ? undefined : of;
  const [name, setName] = useState(before?.name ?? '');
  const [text, setText] = useState(before?.actions.join('\n') ?? 'repositories/team/*/content/read\n');
  const submit = async () => {
    const content = { actions: text.split(/\s+/).filter((each) => each !== '') };
    if (before === undefined) await refuseIfThere(['scope-maps', name], 'a scope map');
    else await refuseIfChanged(['scope-maps', name], before);
    await send('PUT', ['scope-maps', name], {
      ...content,
      ...(before === undefined ? {} : { description: before.description }),
    });
    onDone();
    toast('The scope map is saved.');
  };
  return (
    <FormDialog
      title={before === undefined ? 'Add a scope map' : `Change ${name}`}
      submit="Save"
      onSubmit={submit}
      onClose={onClose}
    >
      {before === undefined ? <TextField label="Name" value={name} onValue={setName} placeholder="ci" /> : null}
      <TextField label="Actions, one a line" isLong value={text} onValue={setText} hint={actionsHint} />
    </FormDialog>
  );
}

/** Answers whether somebody may do something, and by which rule. */
function MayThey(): VNode {
  const [token, setToken] = useState('');
  const [repository, setRepository] = useState('');
  const [action, setAction] = useState<string>('pull');
  const answer = useAnswer<{ readonly allowed: boolean; readonly why: string }>(token, repository, action);
  const look = (event: Event) => {
    event.preventDefault();
    const asked = actions.find((each) => each === action) ?? 'pull';
    const query = { repository, action: asked, ...(token === '' ? {} : { token }) };
    answer.ask((signal) => answered(api.GET('/access', { params: { query }, signal })));
  };
  return (
    <form class="card" aria-label="May somebody do something?" onSubmit={look}>
      <h2>May somebody do something?</h2>
      <div class="bar">
        <TextField label="Token" value={token} onValue={setToken} placeholder="everyone" />
        <SelectField label="Action" value={action} options={actions.map((each) => [each, each])} onValue={setAction} />
        <TextField label="Repository" value={repository} onValue={setRepository} placeholder="team/app" />
        <button type="submit" class="button plain">
          Ask
        </button>
      </div>
      <ShowAnswer of={answer}>
        {({ allowed, why }) => (
          <p>
            <span class={`badge ${allowed ? 'good' : 'bad'}`}>{allowed ? 'yes' : 'no'}</span> <Text of={why} />
          </p>
        )}
      </ShowAnswer>
    </form>
  );
}
