import type { Column, Schema, VNode } from '../../kit.ts';
import {
  answered,
  api,
  ApiFailure,
  attempt,
  Button,
  confirmed,
  Empty,
  FormDialog,
  pageFrom,
  Pager,
  placeIn,
  send,
  Show,
  Table,
  Text,
  TextField,
  Time,
  toast,
  useLoaded,
  usePageQuery,
  useState,
  whyNot,
} from '../../kit.ts';
import { DropField } from './drop.tsx';
import { settingsIn } from './json-text.ts';
import { write } from './list.tsx';

type Root = Schema<'TrustedRoot'>;

/** The trusted roots of sigstore, by which keyless signatures and transparency logs are checked. */
export function TrustedRoots(): VNode {
  const query = usePageQuery();
  const after = placeIn(query).continuation;
  const loaded = useLoaded(`roots ${after ?? ''}`, (signal) =>
    answered(api.GET('/trust/roots', { params: { query: pageFrom(after) }, signal })),
  );
  const [given, setGiven] = useState<string>();
  return (
    <>
      <p>A keyless signature, or one with a transparency log, is checked by the root that its policy names.</p>
      <div class="actions">
        <Button kind="primary" disabledWhy={whyNot(write)} onPress={() => setGiven('')}>
          Add a trusted root
        </Button>
      </div>
      <Show of={loaded}>
        {({ items, nextLink }) =>
          items.length === 0 ? (
            <Empty title="There is no trusted root.">
              <p>
                Policies by keys need none. For keyless signatures add sigstore’s own trusted_root.json as public-good,
                or that of your instance.
              </p>
            </Empty>
          ) : (
            <>
              <Table
                label="Trusted roots"
                columns={columnsOf(loaded.reload, setGiven)}
                rows={items}
                keyOf={({ name }) => name}
              />
              <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
            </>
          )
        }
      </Show>
      {given === undefined ? null : (
        <RootForm name={given} onClose={() => setGiven(undefined)} onDone={loaded.reload} />
      )}
    </>
  );
}

function columnsOf(reload: () => void, replace: (name: string) => void): readonly Column<Root>[] {
  return [
    { name: 'name', head: 'Root', isHead: true, cell: ({ name }) => <Text of={name} /> },
    {
      name: 'notes',
      head: 'Not used of it',
      cell: ({ notes }) => (notes.length === 0 ? 'all is used' : <Text of={notes.join(' ')} />),
    },
    { name: 'updated', head: 'Changed', cell: ({ updatedAt }) => <Time at={updatedAt} /> },
    { name: 'actions', head: 'Actions', cell: ({ name }) => <Actions name={name} reload={reload} replace={replace} /> },
  ];
}

interface ActionsProps {
  readonly name: string;
  readonly reload: () => void;
  readonly replace: (name: string) => void;
}

function Actions({ name, reload, replace }: ActionsProps): VNode {
  const remove = async () => {
    const body = <p>Signatures that policies check by it count no longer, so that what rests on them may be held.</p>;
    const title = `Delete the trusted root ${name}?`;
    if (!(await confirmed({ title, confirm: 'Delete', isDanger: true, body }))) return;
    const params = { path: { name } };
    await attempt(() => answered(api.DELETE('/trust/roots/{name}', { params })), 'The trusted root is deleted.');
    reload();
  };
  return (
    <div class="actions">
      <Button disabledWhy={whyNot(write)} label={`Replace ${name}`} onPress={() => replace(name)}>
        Replace
      </Button>
      <Button kind="danger" disabledWhy={whyNot(write)} label={`Delete ${name}`} onPress={remove}>
        Delete
      </Button>
    </div>
  );
}

interface RootFormProps {
  /** The root that is replaced; empty for a new one. */
  readonly name: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function RootForm({ name: before, onClose, onDone }: RootFormProps): VNode {
  const [name, setName] = useState(before === '' ? 'public-good' : before);
  const [text, setText] = useState('');
  const submit = async () => {
    if (name.trim() === '') throw new ApiFailure('Give the root a name.', 400);
    await send('PUT', ['trust', 'roots', name.trim()], { trustedRoot: settingsIn(text) });
    onDone();
    toast('The trusted root is saved. What its policies cover is judged by it now.');
  };
  return (
    <FormDialog
      title={before === '' ? 'Add a trusted root' : `Replace ${before}`}
      submit="Save"
      onSubmit={submit}
      onClose={onClose}
    >
      {before !== '' ? null : (
        <TextField
          label="Name"
          value={name}
          onValue={setName}
          hint="public-good is the one that policies go by where they name none."
        />
      )}
      <DropField
        label="Trusted root"
        value={text}
        onValue={setText}
        placeholder='{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", …'
        hint="The JSON that the operators publish as trusted_root.json: paste it, or drop the file."
        accept=".json"
      />
    </FormDialog>
  );
}
