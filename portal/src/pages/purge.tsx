import type { Column, VNode } from '../kit.ts';
import {
  answered,
  api,
  ApiFailure,
  attempt,
  Button,
  confirmed,
  Empty,
  FormDialog,
  Link,
  linkTo,
  pageFrom,
  PageHead,
  Pager,
  placeIn,
  refuseIfThere,
  SelectField,
  send,
  Show,
  Table,
  Tabs,
  Text,
  TextField,
  Time,
  useLoaded,
  useLocation,
  usePageQuery,
  useState,
  whyNot,
  wordsOf,
} from '../kit.ts';
import { Explain } from './purge/explain.tsx';
import { PolicyForm } from './purge/form.tsx';
import { InUseReports } from './purge/in-use.tsx';

type Policy = Awaited<ReturnType<typeof loadPolicies>>['items'][number];

const write = 'management/write';

function loadPolicies(after: string | undefined, signal: AbortSignal) {
  return answered(api.GET('/purge/policies', { params: { query: pageFrom(after) }, signal }));
}

const views = [
  ['', 'Policies'],
  ['in-use', 'Reports of use'],
] as const;

/** The purge policies, and the reports of use that stand against them. */
export function PurgePage(): VNode {
  const view = usePageQuery().get('view') ?? '';
  const tabs = views.map(([key, label]) => ({ href: linkTo('/purge', { view: key }), label, isHere: key === view }));
  return (
    <>
      <PageHead title="Purge" />
      <Tabs label="Views of purge" tabs={tabs} />
      {view === 'in-use' ? <InUseReports /> : <Policies />}
    </>
  );
}

/** The policies: what each removes, when it runs, and whether a plan waits for approval. */
function Policies(): VNode {
  const query = usePageQuery();
  const after = placeIn(query).continuation;
  const loaded = useLoaded(`policies ${after ?? ''}`, (signal) => loadPolicies(after, signal));
  const [isAdding, setAdding] = useState(false);
  const [changed, setChanged] = useState<Policy>();
  const add = (
    <Button kind="primary" disabledWhy={whyNot(write)} onPress={() => setAdding(true)}>
      Add a policy
    </Button>
  );
  return (
    <>
      <div class="actions">{add}</div>
      <Explain />
      <Show of={loaded}>
        {({ items, nextLink }) =>
          items.length === 0 ? (
            <Empty title="There is no purge policy.">
              <p>A policy names what may go. It removes nothing until you have seen its plan and approved that.</p>
            </Empty>
          ) : (
            <>
              <Table
                label="Purge policies"
                columns={columnsOf(loaded.reload, setChanged)}
                rows={items}
                keyOf={({ name }) => name}
              />
              <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
            </>
          )
        }
      </Show>
      {isAdding ? <NewPolicy onClose={() => setAdding(false)} onMade={loaded.reload} /> : null}
      {changed === undefined ? null : (
        <PolicyForm of={changed} onClose={() => setChanged(undefined)} onDone={loaded.reload} />
      )}
    </>
  );
}

function columnsOf(reload: () => void, change: (policy: Policy) => void): readonly Column<Policy>[] {
  return [
    {
      name: 'name',
      head: 'Policy',
      isHead: true,
      cell: ({ name }) => (
        <Link href={linkTo('/plan', { policy: name })}>
          <Text of={name} />
        </Link>
      ),
    },
    { name: 'removes', head: 'Removes', cell: ({ policy: { remove } }) => <Text of={remove.map(rule).join('; ')} /> },
    {
      name: 'where',
      head: 'In',
      cell: ({ policy: { repositories } }) => <Text of={repositories.include.join(', ') || 'every repository'} />,
    },
    {
      name: 'on',
      head: 'State',
      cell: ({ on }) => <span class={`badge ${on ? 'good' : ''}`}>{on ? '● runs by itself' : '○ off'}</span>,
    },
    { name: 'next', head: 'Next run', cell: ({ nextRunAt }) => <Time at={nextRunAt} /> },
    { name: 'waiting', head: 'Waits for', cell: ({ waiting }) => <Text of={waiting.join(', ') || '–'} /> },
    { name: 'actions', head: 'Actions', cell: (row) => <Actions of={row} reload={reload} change={change} /> },
  ];
}

interface ActionsProps {
  readonly of: Policy;
  readonly reload: () => void;
  readonly change: (policy: Policy) => void;
}

function Actions({ of, reload, change }: ActionsProps): VNode {
  const { name, on } = of;
  const path = { name };
  const stop = async () => {
    await attempt(() => answered(api.POST('/purge/policies/{name}/stop', { params: { path } })), `${name} is stopped.`);
    reload();
  };
  const remove = async () => {
    const body = <p>What it has put into the recycle bin stays there until its retention ends.</p>;
    if (!(await confirmed({ title: `Delete the policy ${name}`, confirm: 'Delete', isDanger: true, body }))) return;
    await attempt(() => answered(api.DELETE('/purge/policies/{name}', { params: { path } })), 'The policy is deleted.');
    reload();
  };
  return (
    <div class="actions">
      <Link class="button plain" href={linkTo('/plan', { policy: name })}>
        Plan
      </Link>
      <Button disabledWhy={whyNot(write)} label={`Change ${name}`} onPress={() => change(of)}>
        Change
      </Button>
      <Button disabledWhy={whyNot(write) ?? (on ? undefined : 'It is off already.')} onPress={stop}>
        Stop
      </Button>
      <Button kind="danger" disabledWhy={whyNot(write)} onPress={remove}>
        Delete
      </Button>
    </div>
  );
}

const rules = [
  ['untaggedDays', 'has no tag for so many days'],
  ['notPulledDays', 'was not pulled for so many days'],
  ['olderThanDays', 'was pushed more than so many days ago'],
  ['beyondNewest', 'is not among the newest so many tags'],
] as const;

/** Writes a rule as a person says it. */
function rule(of: Policy['policy']['remove'][number]): string {
  const said = rules.flatMap(([key, words]) =>
    of[key] === undefined ? [] : words.replace('so many', String(of[key])),
  );
  const narrowed = [...(of.tags ?? []), ...(of.artifactTypes ?? []), ...(of.semver === undefined ? [] : [of.semver])];
  return `${said.join(' and ')}${narrowed.length === 0 ? '' : ` (${narrowed.join(', ')})`}`;
}

function NewPolicy({ onClose, onMade }: { readonly onClose: () => void; readonly onMade: () => void }): VNode {
  const [, navigate] = useLocation();
  const [name, setName] = useState('');
  const [include, setInclude] = useState('**');
  const [key, setKey] = useState<string>('untaggedDays');
  const [number, setNumber] = useState('30');
  const [keep, setKeep] = useState('');
  const [brake, setBrake] = useState('20');
  const submit = async () => {
    const body = {
      repositories: { include: wordsOf(include) },
      remove: [{ name: 'rule', [key]: Number(number) }],
      ...(keep === '' ? {} : { keep: [{ name: 'kept', tags: wordsOf(keep) }] }),
      brakePercent: Number(brake),
    };
    if (!/^[1-9]\d*$/.test(number.trim())) throw new ApiFailure('"So many" must be a whole number from 1 on.', 400);
    await refuseIfThere(['purge', 'policies', name], 'a policy');
    await send('PUT', ['purge', 'policies', name], body);
    onMade();
    navigate(linkTo('/plan', { policy: name }));
  };
  return (
    <FormDialog title="Add a purge policy" submit="Add, and show its plan" onSubmit={submit} onClose={onClose}>
      <TextField label="Name" value={name} onValue={setName} placeholder="stale" />
      <TextField
        label="Repositories"
        value={include}
        onValue={setInclude}
        hint="Patterns with spaces between them; ** is any."
      />
      <SelectField label="An image goes that" value={key} options={rules} onValue={setKey} />
      <TextField label="So many" inputMode="numeric" value={number} onValue={setNumber} />
      <TextField label="Tags that stay" value={keep} onValue={setKeep} placeholder="v* latest" />
      <TextField
        label="Brake, in percent"
        inputMode="numeric"
        value={brake}
        onValue={setBrake}
        hint="A run that would remove more than this share of a repository stops, and asks."
      />
    </FormDialog>
  );
}
