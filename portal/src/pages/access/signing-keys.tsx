import type { Column, Schema, VNode } from '../../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  confirmed,
  Empty,
  Show,
  Table,
  Text,
  Time,
  useLoaded,
  whyNot,
} from '../../kit.ts';

type Key = Schema<'SigningKey'>;

/** The keys that sign access tokens. They are renewed by themselves; one that is known to others is deleted here. */
export function SigningKeys(): VNode {
  const loaded = useLoaded('signing keys', (signal) => answered(api.GET('/signing-keys', { signal })));
  return (
    <Show of={loaded}>
      {({ items }) => (
        <>
          <p>
            They sign and verify the tokens that clients get at a login, and are renewed by themselves. Delete one only
            if others know it: every token that it has signed ends within 20 minutes.
          </p>
          {items.length === 0 ? (
            <Empty title="There is no key yet.">
              <p>The first login makes one.</p>
            </Empty>
          ) : (
            <Table label="Signing keys" columns={columnsOf(loaded.reload)} rows={items} keyOf={({ kid }) => kid} />
          )}
        </>
      )}
    </Show>
  );
}

function columnsOf(reload: () => void): readonly Column<Key>[] {
  const remove = async (kid: string) => {
    const body = <p>Clients that are logged in must log in again. If no key is left the next login makes one.</p>;
    if (!(await confirmed({ title: 'Delete this key', confirm: 'Delete', isDanger: true, body }))) return;
    await attempt(
      () => answered(api.DELETE('/signing-keys/{kid}', { params: { path: { kid } } })),
      'The key is deleted.',
    );
    reload();
  };
  return [
    { name: 'kid', head: 'Key', isHead: true, cell: ({ kid }) => <Text of={kid} /> },
    { name: 'made', head: 'Made', cell: ({ createdAt }) => <Time at={createdAt} /> },
    { name: 'from', head: 'Signs from', cell: ({ signsFrom }) => <Time at={signsFrom} /> },
    {
      name: 'do',
      head: 'Actions',
      cell: ({ kid }) => (
        <Button
          kind="danger"
          label={`Delete the key ${kid}`}
          disabledWhy={whyNot('management/write')}
          onPress={() => remove(kid)}
        >
          Delete
        </Button>
      ),
    },
  ];
}
