import type { Column, Schema, VNode } from '../../kit.ts';
import {
  answered,
  api,
  ApiFailure,
  attempt,
  Badge,
  Button,
  confirmed,
  Empty,
  formatDay,
  FormDialog,
  given,
  pageFrom,
  Pager,
  placeIn,
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
  wordsOf,
} from '../../kit.ts';
import { write } from './list.tsx';

type Exception = Schema<'ScanException'>;

/** The vulnerabilities that are accepted for a while, each with an owner, a reason and an end. */
export function Exceptions(): VNode {
  const query = usePageQuery();
  const after = placeIn(query).continuation;
  const loaded = useLoaded(`exceptions ${after ?? ''}`, (signal) =>
    answered(api.GET('/scanning/exceptions', { params: { query: pageFrom(after) }, signal })),
  );
  const [isAdding, setAdding] = useState(false);
  return (
    <>
      <p>An exception lets images pass with one vulnerability until it ends. Every one has an owner and a reason.</p>
      <div class="actions">
        <Button kind="primary" disabledWhy={whyNot(write)} onPress={() => setAdding(true)}>
          Add an exception
        </Button>
      </div>
      <Show of={loaded}>
        {({ items, nextLink }) =>
          items.length === 0 ? (
            <Empty title="There is no exception." />
          ) : (
            <>
              <Table label="Exceptions" columns={columnsOf(loaded.reload)} rows={items} keyOf={({ name }) => name} />
              <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
            </>
          )
        }
      </Show>
      {isAdding ? <ExceptionForm onClose={() => setAdding(false)} onDone={loaded.reload} /> : null}
    </>
  );
}

function columnsOf(reload: () => void): readonly Column<Exception>[] {
  return [
    { name: 'name', head: 'Exception', isHead: true, cell: ({ name }) => <Text of={name} /> },
    { name: 'for', head: 'Vulnerability', cell: (one) => <Text of={`${one.vulnerability} ${one.package ?? ''}`} /> },
    { name: 'where', head: 'Repositories', cell: ({ repositories }) => <Text of={repositories.include.join(' ')} /> },
    { name: 'owner', head: 'Owner', cell: ({ owner }) => <Text of={owner} /> },
    { name: 'reason', head: 'Reason', cell: ({ reason }) => <Text of={reason} /> },
    {
      name: 'end',
      head: 'Ends',
      cell: ({ expiresAt, isExpired }) =>
        isExpired ? <Badge looks="warn">has ended</Badge> : <span>{formatDay(expiresAt)}</span>,
    },
    { name: 'actions', head: 'Actions', cell: ({ name }) => <Delete name={name} reload={reload} /> },
  ];
}

function Delete({ name, reload }: { readonly name: string; readonly reload: () => void }): VNode {
  const remove = async () => {
    const body = <p>What it alone kept open is judged anew, and may be held then.</p>;
    const title = `Delete the exception ${name}?`;
    if (!(await confirmed({ title, confirm: 'Delete', isDanger: true, body }))) return;
    const params = { path: { name } };
    await attempt(() => answered(api.DELETE('/scanning/exceptions/{name}', { params })), 'The exception is deleted.');
    reload();
  };
  return (
    <Button kind="danger" disabledWhy={whyNot(write)} label={`Delete ${name}`} onPress={remove}>
      Delete
    </Button>
  );
}

const begin = { name: '', vulnerability: '', package: '', repositories: '**', owner: '', reason: '', until: '' };
type Typed = typeof begin;

const fields: readonly (readonly [key: keyof Typed, label: string, placeholder: string])[] = [
  ['name', 'Name', 'openssl-until-june'],
  ['vulnerability', 'Vulnerability', 'CVE-2026-1234'],
  ['package', 'Package', 'openssl: empty, any'],
  ['repositories', 'Repositories', '**'],
  ['owner', 'Owner', 'team platform'],
  ['reason', 'Reason', 'the function is never called'],
  ['until', 'Ends on', '2026-06-30'],
];

function ExceptionForm({ onClose, onDone }: { readonly onClose: () => void; readonly onDone: () => void }): VNode {
  const [now, setNow] = useState(begin);
  const submit = async () => {
    const { name, vulnerability, package: of, repositories, owner, reason, until } = now;
    if (name.trim() === '') throw new ApiFailure('Give the exception a name.', 400);
    if (!/^\d{4}-\d{2}-\d{2}$/.test(until.trim()) || Number.isNaN(Date.parse(until)))
      throw new ApiFailure('Give the day on which it ends as YEAR-MONTH-DAY, such as 2026-06-30.', 400);
    const path = ['scanning', 'exceptions', name.trim()];
    await refuseIfThere(path, 'an exception');
    await send('PUT', path, {
      ...given({ package: of.trim() === '' ? undefined : of.trim() }),
      vulnerability: vulnerability.trim(),
      repositories: { include: wordsOf(repositories) },
      owner,
      reason,
      expiresAt: new Date(`${until.trim()}T23:59:59Z`).toISOString(),
    });
    onDone();
  };
  return (
    <FormDialog title="Add an exception" submit="Save" onSubmit={submit} onClose={onClose}>
      {fields.map(([key, label, placeholder]) => (
        <TextField
          key={key}
          label={label}
          value={now[key]}
          placeholder={placeholder}
          onValue={(value) => setNow({ ...now, [key]: value })}
        />
      ))}
    </FormDialog>
  );
}
