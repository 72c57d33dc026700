import type { Column, Schema, VNode } from '../../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  confirmed,
  Empty,
  FormDialog,
  pageFrom,
  Pager,
  placeIn,
  refuseIfChanged,
  refuseIfThere,
  send,
  Show,
  Table,
  Text,
  TextField,
  useLoaded,
  usePageQuery,
  useState,
  whyNot,
} from '../../kit.ts';

type Upstream = Schema<'Upstream'>;

const write = 'management/write';

/** The other registries whose tags are watched as bases, and by which login. */
export function Upstreams(): VNode {
  const query = usePageQuery();
  const after = placeIn(query).continuation;
  const loaded = useLoaded(`upstreams ${after ?? ''}`, (signal) =>
    answered(api.GET('/bases/upstreams', { params: { query: pageFrom(after) }, signal })),
  );
  const [edited, setEdited] = useState<Upstream | 'new'>();
  return (
    <>
      <div class="actions">
        <Button kind="primary" disabledWhy={whyNot(write)} onPress={() => setEdited('new')}>
          Add an upstream
        </Button>
      </div>
      <Show of={loaded}>
        {({ items, nextLink }) =>
          items.length === 0 ? (
            <Empty title="No upstream is listed.">
              <p>
                Tags of the public registries that the operator lists are watched as bases anyway. Add another registry,
                or the login of one.
              </p>
            </Empty>
          ) : (
            <>
              <Table
                label="Upstreams"
                columns={columnsOf(loaded.reload, setEdited)}
                rows={items}
                keyOf={({ host }) => host}
              />
              <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
            </>
          )
        }
      </Show>
      {edited === undefined ? null : (
        <EditUpstream of={edited} onClose={() => setEdited(undefined)} onDone={loaded.reload} />
      )}
    </>
  );
}

function columnsOf(reload: () => void, edit: (one: Upstream) => void): readonly Column<Upstream>[] {
  const remove = async (host: string) => {
    const body = <p>Its tags are watched no more, unless the operator of this registry lists it.</p>;
    if (!(await confirmed({ title: `Delete the upstream ${host}`, confirm: 'Delete', isDanger: true, body }))) return;
    const params = { path: { host } };
    await attempt(() => answered(api.DELETE('/bases/upstreams/{host}', { params })), 'The upstream is deleted.');
    reload();
  };
  return [
    { name: 'host', head: 'Host', isHead: true, cell: ({ host }) => <Text of={host} /> },
    { name: 'user', head: 'User', cell: ({ username }) => <Text of={username ?? '–'} /> },
    { name: 'secret', head: 'Secret of the vault', cell: ({ secret }) => <Text of={secret ?? '–'} /> },
    { name: 'realm', head: 'Tokens of', cell: ({ realm }) => <Text of={realm ?? '–'} /> },
    {
      name: 'do',
      head: 'Actions',
      cell: (each) => (
        <div class="actions">
          <Button disabledWhy={whyNot(write)} label={`Change ${each.host}`} onPress={() => edit(each)}>
            Change
          </Button>
          <Button
            kind="danger"
            disabledWhy={whyNot(write)}
            label={`Delete ${each.host}`}
            onPress={() => remove(each.host)}
          >
            Delete
          </Button>
        </div>
      ),
    },
  ];
}

interface EditProps {
  readonly of: Upstream | 'new';
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function EditUpstream({ of, onClose, onDone }: EditProps): VNode {
  const before = of === 'new' ? undefined : of;
  const [now, setNow] = useState({
    host: before?.host ?? '',
    username: before?.username ?? '',
    secret: before?.secret ?? '',
    realm: before?.realm ?? '',
  });
  const set = (key: keyof typeof now) => (value: string) => setNow({ ...now, [key]: value });
  const submit = async () => {
    const path = ['bases', 'upstreams', now.host];
    if (before === undefined) await refuseIfThere(path, 'an upstream');
    else await refuseIfChanged(path, before);
    const given = (['username', 'secret', 'realm'] as const).filter((key) => now[key].trim() !== '');
    await send('PUT', path, Object.fromEntries(given.map((key) => [key, now[key].trim()])));
    onDone();
  };
  const title = before === undefined ? 'Add an upstream' : `Change ${before.host}`;
  return (
    <FormDialog title={title} submit="Save" onSubmit={submit} onClose={onClose}>
      {before === undefined ? (
        <TextField label="Host" value={now.host} onValue={set('host')} placeholder="registry.example" />
      ) : null}
      <TextField
        label="User"
        value={now.username}
        onValue={set('username')}
        hint="Empty, its public tags are watched."
      />
      <TextField
        label="Secret of the vault"
        value={now.secret}
        onValue={set('secret')}
        hint="The name of the secret that holds the password; the password itself is never given here."
      />
      <TextField
        label="Host of its tokens"
        value={now.realm}
        onValue={set('realm')}
        hint="Only if another host than its own gives them."
      />
    </FormDialog>
  );
}
