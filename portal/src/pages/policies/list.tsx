import type { Column, VNode } from '../../kit.ts';
import {
  ask,
  attempt,
  Button,
  confirmed,
  Empty,
  encoded,
  pageFrom,
  Pager,
  placeIn,
  Show,
  Table,
  Text,
  useLoaded,
  usePageQuery,
  useState,
  whyNot,
} from '../../kit.ts';
import type { Typed } from './covering.ts';
import { PolicyForm } from './form.tsx';
import type { Kind, Policy } from './kinds.tsx';
import { ModeBadge, ModeDialog, useWalk, Walk } from './mode.tsx';

export const write = 'management/write';

interface ListProps<P extends Policy, T extends Typed> {
  readonly kind: Kind<P, T>;
}

/** The policies of one kind: what each asks for, of which repositories, and with which effect. */
export function PolicyList<P extends Policy, T extends Typed>({ kind }: ListProps<P, T>): VNode {
  const query = usePageQuery();
  const after = placeIn(query).continuation;
  const loaded = useLoaded(`${kind.label} ${after ?? ''}`, (signal) => kind.load(pageFrom(after), signal));
  const walk = useWalk(kind.label);
  const [edited, setEdited] = useState<P | 'new'>();
  const [moded, setModed] = useState<P>();
  const changed = () => {
    loaded.reload();
    walk.reload();
  };
  return (
    <>
      <p>{kind.about}</p>
      <div class="actions">
        <Button kind="primary" disabledWhy={whyNot(write)} onPress={() => setEdited('new')}>
          {`Add a ${kind.one}`}
        </Button>
      </div>
      <Walk of={walk} />
      <Show of={loaded}>
        {({ items, nextLink }) =>
          items.length === 0 ? (
            <NoPolicy one={kind.one} />
          ) : (
            <>
              <Table
                label={kind.label}
                columns={columnsOf(kind, { changed, edit: setEdited, changeMode: setModed })}
                rows={items}
                keyOf={({ name }) => name}
              />
              <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
            </>
          )
        }
      </Show>
      {edited === undefined ? null : (
        <PolicyForm
          kind={kind}
          of={edited === 'new' ? undefined : edited}
          onClose={() => setEdited(undefined)}
          onDone={changed}
        />
      )}
      {moded === undefined ? null : (
        <ModeDialog
          name={moded.name}
          mode={moded.mode}
          path={kind.path}
          onClose={() => setModed(undefined)}
          onDone={changed}
        />
      )}
    </>
  );
}

function NoPolicy({ one }: { readonly one: string }): VNode {
  return (
    <Empty title={`There is no ${one}.`}>
      <p>
        Everybody who may pull gets every image, as far as these policies go. Add one above: in audit it refuses nobody.
      </p>
    </Empty>
  );
}

interface Steps<P> {
  readonly changed: () => void;
  readonly edit: (policy: P) => void;
  readonly changeMode: (policy: P) => void;
}

function columnsOf<P extends Policy, T extends Typed>(kind: Kind<P, T>, steps: Steps<P>): readonly Column<P>[] {
  return [
    { name: 'name', head: 'Policy', isHead: true, cell: ({ name }) => <Text of={name} /> },
    { name: 'mode', head: 'Mode', cell: ({ mode }) => <ModeBadge of={mode} /> },
    { name: 'covers', head: 'Repositories', cell: ({ repositories }) => <Text of={coverage(repositories)} /> },
    { name: 'asks', head: 'Asks for', cell: (policy) => <Text of={kind.asks(policy)} /> },
    { name: 'actions', head: 'Actions', cell: (policy) => <Actions kind={kind} of={policy} steps={steps} /> },
  ];
}

function coverage({ include, exclude }: Policy['repositories']): string {
  return [include.join(' '), ...(exclude.length === 0 ? [] : [`not ${exclude.join(' ')}`])].join(', ');
}

interface ActionsProps<P extends Policy, T extends Typed> {
  readonly kind: Kind<P, T>;
  readonly of: P;
  readonly steps: Steps<P>;
}

function Actions<P extends Policy, T extends Typed>({ kind, of, steps }: ActionsProps<P, T>): VNode {
  const { name } = of;
  const why = whyNot(write);
  const remove = async () => {
    const others = 'What it alone holds opens once it is judged anew; what another policy holds too stays held.';
    const body = <p>{others}</p>;
    if (!(await confirmed({ title: `Delete the ${kind.one} ${name}?`, confirm: 'Delete', isDanger: true, body })))
      return;
    const path = `/api/v1/${[...kind.path, name].map(encoded).join('/')}`;
    await attempt(() => ask(path, { method: 'DELETE' }), 'The policy is deleted.');
    steps.changed();
  };
  return (
    <div class="actions">
      <Button disabledWhy={why} label={`Mode of ${name}`} onPress={() => steps.changeMode(of)}>
        Mode
      </Button>
      <Button disabledWhy={why} label={`Change ${name}`} onPress={() => steps.edit(of)}>
        Change
      </Button>
      <Button kind="danger" disabledWhy={why} label={`Delete ${name}`} onPress={remove}>
        Delete
      </Button>
    </div>
  );
}
