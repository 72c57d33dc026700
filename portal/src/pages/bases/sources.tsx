import type { Column, Schema, VNode } from '../../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  confirmed,
  Empty,
  SelectField,
  Show,
  showSecrets,
  Table,
  Text,
  Time,
  useLoaded,
  useState,
  whyNot,
} from '../../kit.ts';

type Source = Schema<'BaseSource'>;

const write = 'management/write';
const kinds = ['distribution', 'docker-hub', 'quay', 'ghcr', 'acr', 'longshore'] as const;
type Kind = (typeof kinds)[number];

/** The kinds of registries that may notify this one of new bases, each by a secret. */
export function Sources(): VNode {
  const loaded = useLoaded('base sources', (signal) => answered(api.GET('/bases/sources', { signal })));
  return (
    <Show of={loaded}>
      {({ items }) => (
        <>
          <NewSecret of={items} reload={loaded.reload} />
          {items.length === 0 ? (
            <Empty title="No registry notifies this one.">
              <p>
                Bases elsewhere are looked at from time to time. A registry that notifies has them looked at at once.
              </p>
            </Empty>
          ) : (
            <Table
              label="Notifying registries"
              columns={columnsOf(loaded.reload)}
              rows={items}
              keyOf={({ source }) => source}
            />
          )}
        </>
      )}
    </Show>
  );
}

function NewSecret({ of, reload }: { readonly of: readonly Source[]; readonly reload: () => void }): VNode {
  const [kind, setKind] = useState<Kind>('docker-hub');
  const make = async () => {
    const body = <p>The secret that is there now ends at once for all that notify by it.</p>;
    const isThere = of.some(({ source }) => source === kind);
    if (isThere && !(await confirmed({ title: `New secret of ${kind}`, confirm: 'Make it', isDanger: true, body })))
      return;
    await attempt(async () => {
      const params = { path: { source: kind } };
      const { secret } = await answered(api.PUT('/bases/sources/{source}', { params, body: {} }));
      showSecrets(`Secret of ${kind}`, [
        ['Posts to', `${location.origin}/api/v1/bases/notify/${kind}`],
        ['Secret', secret],
      ]);
    });
    reload();
  };
  return (
    <div class="bar">
      <SelectField
        label="Kind of registry"
        value={kind}
        options={kinds.map((each) => [each, each])}
        onValue={(value) => setKind(value as Kind)}
      />
      <Button disabledWhy={whyNot(write)} onPress={make}>
        New secret
      </Button>
    </div>
  );
}

function columnsOf(reload: () => void): readonly Column<Source>[] {
  const remove = async (source: string) => {
    const body = <p>What registries of this kind notify is refused then.</p>;
    if (!(await confirmed({ title: `Delete the secret of ${source}`, confirm: 'Delete', isDanger: true, body })))
      return;
    const params = { path: { source: source as Kind } };
    await attempt(() => answered(api.DELETE('/bases/sources/{source}', { params })), 'The secret is deleted.');
    reload();
  };
  return [
    { name: 'source', head: 'Kind', isHead: true, cell: ({ source }) => <Text of={source} /> },
    { name: 'made', head: 'Secret made', cell: ({ createdAt }) => <Time at={createdAt} /> },
    {
      name: 'do',
      head: 'Actions',
      cell: ({ source }) => (
        <Button
          kind="danger"
          label={`Delete the secret of ${source}`}
          disabledWhy={whyNot(write)}
          onPress={() => remove(source)}
        >
          Delete
        </Button>
      ),
    },
  ];
}
