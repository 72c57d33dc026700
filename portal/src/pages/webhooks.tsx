import type { Column, VNode } from '../kit.ts';
import {
  answered,
  api,
  Button,
  countOf,
  Empty,
  Link,
  linkTo,
  pageFrom,
  PageHead,
  Pager,
  placeIn,
  sendPing,
  Show,
  Table,
  Text,
  Time,
  toast,
  useLoaded,
  useLocation,
  usePageQuery,
  useState,
  whyNot,
} from '../kit.ts';
import { HookForm } from './webhooks/form.tsx';

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
  const changed = query.get('change');
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
      {isAdding ? <HookForm of={undefined} onClose={() => setAdding(false)} onDone={loaded.reload} /> : null}
      {changed === undefined ? null : <ChangeHook key={changed} name={changed} />}
    </>
  );
}

/** Changes a webhook, then leads to it. */
function ChangeHook({ name }: { readonly name: string }): VNode {
  const [, navigate] = useLocation();
  const loaded = useLoaded(`webhook ${name}`, (signal) =>
    answered(api.GET('/webhooks/{name}', { params: { path: { name } }, signal })),
  );
  return (
    <Show of={loaded}>
      {(hook) => (
        <HookForm
          of={hook}
          onClose={() => navigate(linkTo('/webhook', { name }), { replace: true })}
          onDone={() => toast(`${name} is changed.`)}
        />
      )}
    </Show>
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
