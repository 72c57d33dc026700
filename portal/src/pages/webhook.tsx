import type { Column, VNode } from '../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  confirmed,
  Count,
  countOf,
  Dialog,
  Empty,
  formatTime,
  FormDialog,
  given,
  linkTo,
  pageFrom,
  PageHead,
  Pager,
  placeIn,
  SelectField,
  sendPing,
  Show,
  showSecrets,
  Table,
  Text,
  TextField,
  Time,
  toast,
  useLoaded,
  useLocation,
  usePageQuery,
  useState,
  whyNot,
} from '../kit.ts';

type Hook = Awaited<ReturnType<typeof loadHook>>;
type Delivery = Awaited<ReturnType<typeof loadDeliveries>>['items'][number];

const write = 'management/write';
/** A receiver may begin to fail, or be switched off, while somebody looks. */
const everyMs = 5_000;
const states = ['waiting', 'delivered', 'expired', 'cancelled'] as const;

function loadHook(name: string, signal: AbortSignal) {
  return answered(api.GET('/webhooks/{name}', { params: { path: { name } }, signal }));
}

function loadDeliveries(name: string, state: string | undefined, after: string | undefined, signal: AbortSignal) {
  const status = states.find((each) => each === state);
  const query = given({ ...pageFrom(after), status });
  return answered(api.GET('/webhooks/{name}/deliveries', { params: { path: { name }, query }, signal }));
}

/** One webhook: its secrets, and what was sent with what came back. */
export function WebhookPage(): VNode {
  const query = usePageQuery();
  const name = query.get('name') ?? '';
  const [state, after] = [query.get('status'), placeIn(query).continuation];
  const hook = useLoaded(`webhook ${name}`, (signal) => loadHook(name, signal), { everyMs });
  const deliveries = useLoaded(
    `deliveries ${name} ${state ?? ''} ${after ?? ''}`,
    (signal) => loadDeliveries(name, state, after, signal),
    { everyMs: after === undefined ? everyMs : undefined },
  );
  return (
    <>
      <PageHead title={`Webhook ${name}`} actions={<Actions name={name} reload={deliveries.reload} />}>
        Webhook <Text of={name} />
      </PageHead>
      <Show of={hook}>{(found) => <About of={found} reload={hook.reload} />}</Show>
      <h2>Deliveries</h2>
      <SelectField
        label="State"
        value={state ?? ''}
        options={[['', 'all'], ...states.map((each) => [each, each] as const)]}
        onValue={(value) => query.set({ status: value || undefined, after: undefined, page: undefined })}
      />
      <Show of={deliveries}>
        {({ items, nextLink }) => (
          <>
            {items.length === 0 ? (
              <Empty title="Nothing was sent.">
                <p>Push an image, or ping the receiver above.</p>
              </Empty>
            ) : (
              <Deliveries of={items} name={name} reload={deliveries.reload} />
            )}
            <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
          </>
        )}
      </Show>
    </>
  );
}

function Actions({ name, reload }: { readonly name: string; readonly reload: () => void }): VNode {
  const [, navigate] = useLocation();
  const [isMany, setMany] = useState(false);
  const path = { name };
  const ping = () => sendPing(name, reload);
  const remove = async () => {
    const question = { title: `Delete the webhook ${name}`, confirm: 'Delete', isDanger: true };
    if (!(await confirmed({ ...question, body: <p>Nothing more is sent to its receiver.</p> }))) return;
    if (await attempt(() => answered(api.DELETE('/webhooks/{name}', { params: { path } })), 'The webhook is deleted.'))
      navigate('/webhooks');
  };
  const disabledWhy = whyNot(write);
  return (
    <>
      <Button kind="primary" disabledWhy={disabledWhy} onPress={ping}>
        Ping
      </Button>
      <Button disabledWhy={disabledWhy} onPress={() => navigate(linkTo('/webhooks', { change: name }))}>
        Change
      </Button>
      <Button disabledWhy={disabledWhy} onPress={() => setMany(true)}>
        Redeliver many
      </Button>
      <Button kind="danger" disabledWhy={disabledWhy} onPress={remove}>
        Delete
      </Button>
      {isMany ? <RedeliverMany name={name} onClose={() => setMany(false)} onStarted={reload} /> : null}
    </>
  );
}

const spans = [
  ['1', 'the last hour'],
  ['24', 'the last day'],
  ['168', 'the last week'],
  ['720', 'the last 30 days'],
] as const;

function RedeliverMany({
  name,
  onClose,
  onStarted,
}: {
  name: string;
  onClose: () => void;
  onStarted: () => void;
}): VNode {
  const [hours, setHours] = useState('24');
  const submit = async () => {
    const since = new Date(Date.now() - Number(hours) * 3_600_000).toISOString();
    const call = api.POST('/webhooks/{name}/redeliver', { params: { path: { name } }, body: { since } });
    const { state } = await answered(call);
    toast(`Redelivering what failed since ${formatTime(since)}: ${state}. It goes on when this page is closed.`);
    onStarted();
  };
  return (
    <FormDialog title="Redeliver what failed" submit="Redeliver" onSubmit={submit} onClose={onClose}>
      <SelectField label="Of" value={hours} options={spans} onValue={setHours} />
    </FormDialog>
  );
}

function About({ of, reload }: { readonly of: Hook; readonly reload: () => void }): VNode {
  const path = { name: of.name };
  const change = async (status: 'enabled' | 'disabled') => {
    await attempt(() => answered(api.PATCH('/webhooks/{name}', { params: { path }, body: { status } })));
    reload();
  };
  const isOn = of.status === 'enabled';
  const health = isOn
    ? of.failingSince === undefined
      ? 'The receiver takes what is sent.'
      : `The receiver fails since ${formatTime(of.failingSince)}.`
    : `It is off${of.disabledBecause === undefined ? '' : `: ${of.disabledBecause}`}.`;
  return (
    <section class="card" aria-label="The webhook">
      <p class={of.failingSince === undefined ? undefined : 'badge bad'}>{health}</p>
      <dl class="facts">
        <div>
          <dt>Receiver</dt>
          <dd>
            <Text of={of.serviceUri} />
          </dd>
        </div>
        <div>
          <dt>Events</dt>
          <dd>{of.actions.join(', ')}</dd>
        </div>
        <div>
          <dt>Scope</dt>
          <dd>{of.scope === '' ? 'everything' : <Text of={of.scope} />}</dd>
        </div>
      </dl>
      <div class="actions">
        <Button disabledWhy={whyNot(write)} onPress={() => change(isOn ? 'disabled' : 'enabled')}>
          {isOn ? 'Switch off' : 'Switch on'}
        </Button>
      </div>
      <SecretList of={of} reload={reload} />
    </section>
  );
}

/** The secrets that sign. Two at a time let a receiver change over; the one that it has left is ended then. */
function SecretList({ of: { name, secrets }, reload }: { readonly of: Hook; readonly reload: () => void }): VNode {
  const [isAdding, setAdding] = useState(false);
  const end = async (id: string) => {
    const body = (
      <p>Nothing is signed with it from then on. A receiver that knows only this one refuses what is sent.</p>
    );
    if (!(await confirmed({ title: 'End this secret', confirm: 'End it', isDanger: true, body }))) return;
    const params = { path: { name, id } };
    await attempt(() => answered(api.DELETE('/webhooks/{name}/secrets/{id}', { params })), 'The secret has ended.');
    reload();
  };
  const isLast = secrets.length === 1 ? 'It is the only one: make a new one first.' : undefined;
  const isFull = secrets.length > 1 ? 'Two sign at a time: end one of them first.' : undefined;
  return (
    <>
      <h2>{countOf(secrets.length, 'secret')}</h2>
      <ul class="shown">
        {secrets.map(({ id, createdAt, expiresAt }, at) => (
          <li key={id} class="actions">
            <span>
              Secret <code>{id.slice(0, 8)}</code>, made <Time at={createdAt} />
              {expiresAt === undefined ? null : (
                <>
                  , signs until <Time at={expiresAt} />
                </>
              )}
            </span>
            <Button
              label={`End ${at === 0 ? 'the newest secret' : 'the secret before'}`}
              disabledWhy={whyNot(write) ?? isLast}
              onPress={() => end(id)}
            >
              End
            </Button>
          </li>
        ))}
      </ul>
      <div class="actions">
        <Button disabledWhy={whyNot(write) ?? isFull} onPress={() => setAdding(true)}>
          New secret
        </Button>
      </div>
      {isAdding ? <NewSecret name={name} onClose={() => setAdding(false)} onMade={reload} /> : null}
    </>
  );
}

const overlaps = [
  ['86400', 'for a day'],
  ['604800', 'for a week'],
  ['2592000', 'for 30 days'],
  ['0', 'no more: it has leaked'],
] as const;

function NewSecret({ name, onClose, onMade }: { name: string; onClose: () => void; onMade: () => void }): VNode {
  const [overlap, setOverlap] = useState<string>('86400');
  const [own, setOwn] = useState('');
  const submit = async () => {
    const secret = own.trim() === '' ? {} : { secret: own.trim() };
    const body = { overlapSeconds: Number(overlap), ...secret };
    const made = await answered(api.POST('/webhooks/{name}/secrets', { params: { path: { name } }, body }));
    showSecrets('The new secret', [[`It signs what ${name} sends from now on`, made.secret]]);
    onMade();
  };
  return (
    <FormDialog title="New secret" submit="Make it" onSubmit={submit} onClose={onClose}>
      <SelectField label="The one before signs too" value={overlap} options={overlaps} onValue={setOverlap} />
      <TextField
        label="A secret of your own"
        value={own}
        onValue={setOwn}
        placeholder="whsec_…"
        hint="Empty, the registry makes one."
      />
    </FormDialog>
  );
}

const looks: Readonly<Record<string, string>> = { delivered: 'good', waiting: 'warn', expired: 'bad', cancelled: '' };

function Deliveries({ of, name, reload }: { of: readonly Delivery[]; name: string; reload: () => void }): VNode {
  const [open, setOpen] = useState<string>();
  const columns: Column<Delivery>[] = [
    {
      name: 'type',
      head: 'Event',
      isHead: true,
      cell: ({ id, eventType }) => (
        <button type="button" class="link" onClick={() => setOpen(id)}>
          <Text of={eventType} />
        </button>
      ),
    },
    { name: 'repository', head: 'Repository', cell: ({ repository = '–' }) => <Text of={repository} /> },
    { name: 'at', head: 'When', cell: ({ createdAt }) => <Time at={createdAt} /> },
    {
      name: 'state',
      head: 'State',
      cell: ({ status, because }) => (
        <span class={`badge ${looks[status] ?? ''}`} title={because}>
          {status}
        </span>
      ),
    },
    { name: 'tries', head: 'Attempts', isNumber: true, cell: ({ attempted }) => <Count of={attempted} /> },
    { name: 'next', head: 'Next', cell: ({ nextAttemptAt }) => <Time at={nextAttemptAt} /> },
    {
      name: 'again',
      head: 'Actions',
      cell: ({ id }) => (
        <Button disabledWhy={whyNot(write)} onPress={() => redeliver(name, id, reload)}>
          Redeliver
        </Button>
      ),
    },
  ];
  return (
    <>
      <Table label="Deliveries" columns={columns} rows={of} keyOf={({ id }) => id} />
      {open === undefined ? null : <OneDelivery name={name} id={open} onClose={() => setOpen(undefined)} />}
    </>
  );
}

async function redeliver(name: string, id: string, reload: () => void): Promise<void> {
  const path = { name, id };
  const call = () => answered(api.POST('/webhooks/{name}/deliveries/{id}/redeliver', { params: { path } }));
  await attempt(call, 'It is sent again.');
  reload();
}

function OneDelivery({ name, id, onClose }: { name: string; id: string; onClose: () => void }): VNode {
  const path = { name, id };
  const loaded = useLoaded(`delivery ${name} ${id}`, (signal) =>
    answered(api.GET('/webhooks/{name}/deliveries/{id}', { params: { path }, signal })),
  );
  return (
    <Dialog title="Delivery" onClose={onClose}>
      <Show of={loaded}>
        {({ attempts, event, because }) => (
          <>
            {because === undefined ? null : (
              <p>
                <Text of={because} />
              </p>
            )}
            {attempts.map((attempt_) => (
              <Attempt key={attempt_.number} of={attempt_} />
            ))}
            <h3>Event</h3>
            <Code text={JSON.stringify(event ?? {}, undefined, 2)} />
          </>
        )}
      </Show>
    </Dialog>
  );
}

type Tried = Delivery['attempts'][number];

function Attempt({ of: { number, cause, at, ms, request, response, failure } }: { readonly of: Tried }): VNode {
  const outcome = response === undefined ? (failure?.why ?? 'no answer') : `${response.status} ${response.reason}`;
  return (
    <section class="card" aria-label={`Attempt ${number}`}>
      <p>
        {`Attempt ${number} (${cause}), `}
        <Time at={at} />
        {`, ${Math.round(ms)} ms: `}
        <Text of={outcome} />
      </p>
      <h3>Request</h3>
      <Code text={[`POST ${request.url}`, ...headerLines(request.headers)].join('\n')} />
      {response === undefined ? null : (
        <>
          <h3>Response</h3>
          <Code text={[...headerLines(response.headers), '', response.body].join('\n')} />
        </>
      )}
    </section>
  );
}

function headerLines(headers: object): string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
}

function Code({ text }: { readonly text: string }): VNode {
  return (
    <pre tabIndex={0} class="code">
      <Text of={text} hasLines />
    </pre>
  );
}
