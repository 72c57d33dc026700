import type { Column, Schema, VNode } from '../../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  confirmed,
  FormDialog,
  linkTo,
  refuseIfChanged,
  refuseIfThere,
  send,
  Text,
  TextField,
  Time,
  toast,
  useLocation,
  useState,
  whyNot,
} from '../../kit.ts';
import { Hook } from './hook.tsx';
import { stateColumn, Switch, SwitchedList, write } from './switched-list.tsx';

type Task = Schema<'Task'>;

/** The tasks: each builds an image of a Dockerfile, when it is run, when a base is updated, and at its times. */
export function Tasks(): VNode {
  return (
    <SwitchedList
      label="Tasks"
      add="Add a task"
      empty={[
        'There is no task.',
        'A task builds an image of a Dockerfile, and again when a base of it is updated. Add one above.',
      ]}
      load={(query, signal) => answered(api.GET('/tasks', { params: { query }, signal }))}
      columns={columnsOf}
      form={({ of, onClose, onDone }) => <TaskForm of={of} onClose={onClose} onDone={onDone} />}
    />
  );
}

function columnsOf(reload: () => void, edit: (task: Task) => void): readonly Column<Task>[] {
  return [
    { name: 'name', head: 'Task', isHead: true, cell: ({ name }) => <Text of={name} /> },
    { name: 'image', head: 'Image', cell: ({ image, tags }) => <Text of={[image, ...tags].join(', ')} /> },
    {
      name: 'of',
      head: 'Built of',
      cell: ({ context }) => (
        <Text of={'git' in context ? `${context.git} ${context.ref}` : `${context.repository}@${context.digest}`} />
      ),
    },
    { name: 'bases', head: 'Bases', cell: ({ bases }) => <Text of={bases.join(', ') || '–'} /> },
    { name: 'due', head: 'Next run', cell: ({ dueAt }) => <Time at={dueAt} /> },
    stateColumn,
    { name: 'do', head: 'Actions', cell: (task) => <Actions of={task} reload={reload} edit={edit} /> },
  ];
}

interface ActionsProps {
  readonly of: Task;
  readonly reload: () => void;
  readonly edit: (task: Task) => void;
}

function Actions({ of, reload, edit }: ActionsProps): VNode {
  const [, navigate] = useLocation();
  const [isShown, setShown] = useState(false);
  const { name } = of;
  const params = { path: { name } };
  const run = async () => {
    await attempt(async () => {
      const { build } = await answered(api.POST('/tasks/{name}/run', { params }));
      if (build === undefined) toast('It is built when the build before it has ended.');
      else navigate(linkTo('/build', { id: build }));
    });
  };
  const remove = async () => {
    const body = <p>The images that it has built stay.</p>;
    if (!(await confirmed({ title: `Delete the task ${name}`, confirm: 'Delete', isDanger: true, body }))) return;
    await attempt(() => answered(api.DELETE('/tasks/{name}', { params })), 'The task is deleted.');
    reload();
  };
  const disabledWhy = whyNot(write);
  return (
    <div class="actions">
      <Button disabledWhy={disabledWhy} label={`Run ${name}`} onPress={run}>
        Run
      </Button>
      <Switch of={of} path={['tasks']} reload={reload} />
      <Button disabledWhy={disabledWhy} label={`Change ${name}`} onPress={() => edit(of)}>
        Change
      </Button>
      <Button label={`Hook of ${name}`} onPress={() => setShown(true)}>
        Hook
      </Button>
      <Button kind="danger" disabledWhy={disabledWhy} label={`Delete ${name}`} onPress={remove}>
        Delete
      </Button>
      {isShown ? <Hook task={name} onClose={() => setShown(false)} /> : null}
    </div>
  );
}

const example = {
  image: 'team/app:1',
  context: { git: 'https://git.example/team/app.git', ref: 'refs/heads/main' },
};

/** Returns the settings of a task: what it was found to be is read-only. */
function settingsOf({
  name: _n,
  bases: _b,
  found: _f,
  commit: _c,
  dueAt: _d,
  createdAt: _m,
  updatedAt: _u,
  ...rest
}: Task) {
  return rest;
}

interface FormProps {
  readonly of: Task | 'new';
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** A task has too many settings that hold others for fields: they are typed as the API has them. */
function TaskForm({ of, onClose, onDone }: FormProps): VNode {
  const before = of === 'new' ? undefined : of;
  const [name, setName] = useState(before?.name ?? '');
  const [text, setText] = useState(() =>
    JSON.stringify(before === undefined ? example : settingsOf(before), undefined, 2),
  );
  const submit = async () => {
    const path = ['tasks', name];
    const settings = jsonIn(text);
    if (before === undefined) await refuseIfThere(path, 'a task');
    else await refuseIfChanged(path, before);
    await send('PUT', path, settings);
    onDone();
  };
  const title = before === undefined ? 'Add a task' : `Change ${before.name}`;
  return (
    <FormDialog title={title} submit="Save" onSubmit={submit} onClose={onClose}>
      {before === undefined ? <TextField label="Name" value={name} onValue={setName} placeholder="app" /> : null}
      <TextField
        label="Settings, as JSON"
        isLong
        value={text}
        onValue={setText}
        hint="As PUT /api/v1/tasks takes them: what is left out has its default."
      />
    </FormDialog>
  );
}

function jsonIn(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch (error) {
    throw new Error(`The settings are no JSON: ${(error as Error).message}.`, { cause: error });
  }
}
