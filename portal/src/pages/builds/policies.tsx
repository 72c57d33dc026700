import type { Column, Schema, VNode } from '../../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  confirmed,
  FormDialog,
  refuseIfThere,
  SelectField,
  send,
  Text,
  TextField,
  useState,
  whyNot,
  wordsOf,
} from '../../kit.ts';
import { stateColumn, Switch, SwitchedList, write } from './switched-list.tsx';

type Policy = Schema<'BuildPolicy'>;

/** The build policies: which images follow their bases by themselves, and how. */
export function BuildPolicies(): VNode {
  return (
    <SwitchedList
      label="Build policies"
      add="Add a build policy"
      empty={[
        'There is no build policy.',
        'A policy says which images are put on a new base when theirs is updated. Add one above.',
      ]}
      load={(query, signal) => answered(api.GET('/builds/policies', { params: { query }, signal }))}
      columns={columnsOf}
      form={({ of, onClose, onDone }) => <PolicyForm of={of} onClose={onClose} onDone={onDone} />}
    />
  );
}

const modes = [
  ['rebase', 'put on the new base'],
  ['notify', 'told of, and not changed'],
] as const;
const pins = [
  ['keep', 'stay on the digest that they name'],
  ['bump', 'follow as well'],
] as const;

function columnsOf(reload: () => void, edit: (policy: Policy) => void): readonly Column<Policy>[] {
  const patterns = ({ include, exclude }: Policy['tags']) =>
    [include.join(' '), ...(exclude.length === 0 ? [] : [`not ${exclude.join(' ')}`])].join(', ');
  return [
    { name: 'name', head: 'Policy', isHead: true, cell: ({ name }) => <Text of={name} /> },
    {
      name: 'covers',
      head: 'Images',
      cell: ({ repositories, tags }) => <Text of={`${patterns(repositories)} : ${patterns(tags)}`} />,
    },
    {
      name: 'bases',
      head: 'On',
      cell: ({ bases }) => (bases === undefined ? 'any base' : <Text of={patterns(bases)} />),
    },
    { name: 'mode', head: 'Are', cell: ({ mode }) => modes.find(([each]) => each === mode)?.[1] ?? mode },
    stateColumn,
    { name: 'do', head: 'Actions', cell: (policy) => <Actions of={policy} reload={reload} edit={edit} /> },
  ];
}

interface ActionsProps {
  readonly of: Policy;
  readonly reload: () => void;
  readonly edit: (policy: Policy) => void;
}

function Actions({ of, reload, edit }: ActionsProps): VNode {
  const { name } = of;
  const params = { path: { name } };
  const remove = async () => {
    const body = <p>Images that it covers stay on the bases that they have, unless another policy covers them.</p>;
    const title = `Delete the build policy ${name}`;
    if (!(await confirmed({ title, confirm: 'Delete', isDanger: true, body }))) return;
    await attempt(() => answered(api.DELETE('/builds/policies/{name}', { params })), 'The policy is deleted.');
    reload();
  };
  return (
    <div class="actions">
      <Switch of={of} path={['builds', 'policies']} reload={reload} />
      <Button disabledWhy={whyNot(write)} label={`Change ${name}`} onPress={() => edit(of)}>
        Change
      </Button>
      <Button kind="danger" disabledWhy={whyNot(write)} label={`Delete ${name}`} onPress={remove}>
        Delete
      </Button>
    </div>
  );
}

function typedOf(of: Policy | undefined) {
  const text = (patterns: readonly string[] | undefined, otherwise = '') => patterns?.join(' ') ?? otherwise;
  return {
    name: of?.name ?? '',
    repositories: text(of?.repositories.include, '**'),
    notRepositories: text(of?.repositories.exclude),
    tags: text(of?.tags.include, '*'),
    notTags: text(of?.tags.exclude),
    bases: text(of?.bases?.include),
    notBases: text(of?.bases?.exclude),
    mode: (of?.mode ?? 'rebase') as string,
    pins: (of?.pins ?? 'keep') as string,
  };
}

type Typed = ReturnType<typeof typedOf>;

function contentOf(now: Typed, isNew: boolean): object {
  const scope = (include: string, exclude: string) => ({ include: wordsOf(include), exclude: wordsOf(exclude) });
  const hasBases = now.bases.trim() !== '' || now.notBases.trim() !== '';
  // Absent is every base; a change takes out the bases by null.
  const bases = hasBases ? { bases: scope(now.bases || '**', now.notBases) } : isNew ? {} : { bases: null };
  return {
    repositories: scope(now.repositories, now.notRepositories),
    tags: scope(now.tags, now.notTags),
    ...bases,
    mode: now.mode,
    pins: now.pins,
  };
}

const fields = [
  ['repositories', 'Repositories', 'Patterns with spaces between them; ** is any, * anything but a slash.'],
  ['notRepositories', 'But not these repositories', undefined],
  ['tags', 'Tags', undefined],
  ['notTags', 'But not these tags', undefined],
  ['bases', 'If their base is one of', 'Empty, any base.'],
  ['notBases', 'But not one of these bases', undefined],
] as const;

interface FormProps {
  readonly of: Policy | 'new';
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function PolicyForm({ of, onClose, onDone }: FormProps): VNode {
  const before = of === 'new' ? undefined : of;
  const [now, setNow] = useState(() => typedOf(before));
  const set = (key: keyof Typed) => (value: string) => setNow({ ...now, [key]: value });
  const submit = async () => {
    const path = ['builds', 'policies', now.name];
    if (before === undefined) await refuseIfThere(path, 'a build policy');
    await send(before === undefined ? 'PUT' : 'PATCH', path, contentOf(now, before === undefined));
    onDone();
  };
  const title = before === undefined ? 'Add a build policy' : `Change ${before.name}`;
  return (
    <FormDialog title={title} submit="Save" onSubmit={submit} onClose={onClose}>
      {before === undefined ? (
        <TextField
          label="Name"
          value={now.name}
          onValue={set('name')}
          placeholder="apps"
          hint="The first policy, by its name, that covers an image applies."
        />
      ) : null}
      {fields.map(([key, label, hint]) => (
        <TextField
          key={key}
          label={label}
          value={now[key]}
          onValue={set(key)}
          {...(hint === undefined ? {} : { hint })}
        />
      ))}
      <SelectField label="Images are" value={now.mode} options={modes} onValue={set('mode')} />
      <SelectField label="Those pinned to a digest" value={now.pins} options={pins} onValue={set('pins')} />
    </FormDialog>
  );
}
