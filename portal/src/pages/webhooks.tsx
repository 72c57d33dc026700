import type { Column, VNode } from '../kit.ts';
import {
  answered,
  api,
  Button,
  CheckField,
  countOf,
  Empty,
  FormDialog,
  Link,
  linkTo,
  pageFrom,
  PageHead,
  Pager,
  placeIn,
  refuseIfThere,
  Secrets,
  send,
  sendPing,
  Show,
  Table,
  Text,
  TextField,
  Time,
  useLoaded,
  usePageQuery,
  useState,
  whyNot,
} from '../kit.ts';

type Webhook = Awaited<ReturnType<typeof loadWebhooks>>['items'][number];

const write = 'management/write';

function loadWebhooks(after: string | undefined, signal: AbortSignal) {
  return answered(api.GET('/webhooks', { params: { query: pageFrom(after) }, signal }));
}

/** The webhooks, each with a light that says whether its receiver takes what is sent. */
export function WebhooksPage(): VNode {
  const query = usePageQuery();
  const after = placeIn(query).continuation;
  const loaded = useLoaded(`webhooks ${after ?? ''}`, (signal) => loadWebhooks(after, signal), { everyMs: 15_000 });
  const [isAdding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string>();
  const add = (
    <Button kind="primary" disabledWhy={whyNot(write)} onPress={() => setAdding(true)}>
      Add a webhook
    </Button>
  );
  return (
    <>
      <PageHead title="Webhooks" actions={add} />
      <Show of={loaded}>
        {({ items, nextLink }) =>
          items.length === 0 ? (
            <Empty title="There is no webhook.">
              <p>A webhook tells a URL of pushes, deletions and whatever else happens here. Add one above.</p>
            </Empty>
          ) : (
            <>
              <Table label="Webhooks" columns={columnsOf(loaded.reload)} rows={items} keyOf={({ name }) => name} />
              <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
            </>
          )
        }
      </Show>
      {isAdding ? (
        <NewWebhook
          onClose={() => setAdding(false)}
          onMade={(made) => {
            setSecret(made);
            loaded.reload();
          }}
        />
      ) : null}
      {secret === undefined ? null : (
        <Secrets
          title="The webhook is there"
          secrets={[['Secret that signs', secret]]}
          onClose={() => setSecret(undefined)}
        />
      )}
    </>
  );
}

function columnsOf(reload: () => void): readonly Column<Webhook>[] {
  return [
    { name: 'light', head: 'Health', cell: (hook) => <Light of={hook} /> },
    {
      name: 'name',
      head: 'Name',
      isHead: true,
      cell: ({ name }) => (
        <Link href={linkTo('/webhook', { name })}>
          <Text of={name} />
        </Link>
      ),
    },
    { name: 'url', head: 'Receiver', cell: ({ serviceUri }) => <Text of={serviceUri} /> },
    {
      name: 'actions',
      head: 'Events',
      cell: ({ actions }) => (
        <span title={actions.join(', ')}>
          {actions.length > 3 ? countOf(actions.length, 'kind') : actions.join(', ')}
        </span>
      ),
    },
    { name: 'scope', head: 'Scope', cell: ({ scope }) => (scope === '' ? 'everything' : <Text of={scope} />) },
    {
      name: 'ping',
      head: 'Actions',
      cell: ({ name }) => (
        <Button disabledWhy={whyNot(write)} label={`Ping ${name}`} onPress={() => sendPing(name, reload)}>
          Ping
        </Button>
      ),
    },
  ];
}

/** Says in words what the colour says. */
export function Light({ of: { status, failingSince, disabledBecause } }: { readonly of: Webhook }): VNode {
  if (status === 'disabled')
    return (
      <span class="badge" title={disabledBecause}>
        ○ off
      </span>
    );
  if (failingSince === undefined) return <span class="badge good">● taking</span>;
  return (
    <span class="badge bad">
      ▲ failing since <Time at={failingSince} />
    </span>
  );
}

const kinds = [
  'push',
  'delete',
  'quarantine',
  'Longshore.TagMoved',
  'Longshore.BuildFailed',
  'Longshore.PurgePlanned',
] as const;

function NewWebhook({ onClose, onMade }: { onClose: () => void; onMade: (secret: string) => void }): VNode {
  const [name, setName] = useState('');
  const [serviceUri, setUri] = useState('');
  const [scope, setScope] = useState('');
  const [actions, setActions] = useState<readonly (typeof kinds)[number][]>(['push', 'delete']);
  const submit = async () => {
    const body = { serviceUri, actions: [...actions], ...(scope === '' ? {} : { scope }) };
    await refuseIfThere(['webhooks', name], 'a webhook');
    const made = (await send('PUT', ['webhooks', name], body)) as { readonly secret?: string };
    if (made.secret !== undefined) onMade(made.secret);
  };
  return (
    <FormDialog title="Add a webhook" submit="Add" onSubmit={submit} onClose={onClose}>
      <TextField label="Name" value={name} onValue={setName} placeholder="deploy" hint="5 to 50 letters and digits." />
      <TextField
        label="URL of the receiver"
        inputMode="url"
        value={serviceUri}
        onValue={setUri}
        placeholder="https://ci.example/hook"
      />
      <TextField
        label="Scope"
        value={scope}
        onValue={setScope}
        placeholder="team/*"
        hint="A repository, repository:tag, or a pattern; empty is everything."
      />
      <fieldset class="field">
        <legend>Events</legend>
        {kinds.map((kind) => (
          <CheckField
            key={kind}
            label={kind}
            isOn={actions.includes(kind)}
            onChange={(isOn) => setActions(isOn ? [...actions, kind] : actions.filter((each) => each !== kind))}
          />
        ))}
      </fieldset>
    </FormDialog>
  );
}
