import type { Schema, VNode } from '../../kit.ts';
import { CheckField, FormDialog, refuseIfChanged, SelectField, send, TextField, useState, wordsOf } from '../../kit.ts';

type Replica = Schema<'Replication'>;
type Settings = Schema<'ReplicationSettings'>;

function typedOf({ filters: { repositories, tags, artifactTypes }, ...settings }: Settings) {
  return {
    repositories: repositories.include.join(' '),
    notRepositories: repositories.exclude.join(' '),
    tags: tags.include.join(' '),
    notTags: tags.exclude.join(' '),
    artifactTypes: artifactTypes?.join(' ') ?? '',
    priority: String(settings.priority),
    rate: settings.bytesPerSecond === undefined ? '' : String(settings.bytesPerSecond),
    verify: settings.verify as string,
    endpoint: settings.endpoint,
  };
}

type Typed = ReturnType<typeof typedOf>;

function contentOf(now: Typed): object {
  const scope = (include: string, exclude: string) => ({ include: wordsOf(include), exclude: wordsOf(exclude) });
  const artifactTypes = wordsOf(now.artifactTypes);
  return {
    filters: {
      repositories: scope(now.repositories, now.notRepositories),
      tags: scope(now.tags, now.notTags),
      ...(artifactTypes.length === 0 ? {} : { artifactTypes }),
    },
    priority: Number(now.priority),
    bytesPerSecond: now.rate.trim() === '' ? null : Number(now.rate),
    verify: now.verify,
    endpoint: now.endpoint,
  };
}

const ways = [
  ['size', 'its size, as the store reports it'],
  ['hash', 'its hash: it is read whole'],
] as const;

interface Props {
  readonly of: Replica;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Changes what a region gets, how soon, how fast, and how its copies are verified. */
export function RegionForm({ of, onClose, onDone }: Props): VNode {
  // The page loads the region anew while it is changed here.
  const [before] = useState(of);
  const [now, setNow] = useState(() => typedOf(before.settings));
  const set = (key: keyof Typed) => (value: string) => setNow({ ...now, [key]: value });
  const submit = async () => {
    const path = ['replications', before.region];
    // The rest of it changes by itself while images are copied.
    await refuseIfChanged(path, before, undefined, ['settings']);
    await send('PATCH', path, contentOf(now));
    onDone();
  };
  return (
    <FormDialog title={`Change ${before.region}`} submit="Save" onSubmit={submit} onClose={onClose}>
      <TextField
        label="Repositories"
        value={now.repositories}
        onValue={set('repositories')}
        hint="Names or patterns, parted by spaces: * stands for anything but a slash, ** for anything."
      />
      <TextField label="But not these repositories" value={now.notRepositories} onValue={set('notRepositories')} />
      <TextField label="Tags" value={now.tags} onValue={set('tags')} />
      <TextField label="But not these tags" value={now.notTags} onValue={set('notTags')} />
      <TextField
        label="Artifact types"
        value={now.artifactTypes}
        onValue={set('artifactTypes')}
        hint="Empty, all of them."
      />
      <TextField
        label="Priority"
        inputMode="numeric"
        value={now.priority}
        onValue={set('priority')}
        hint="Among the copies of other registries in the region: 1 goes first."
      />
      <TextField
        label="Bytes a second"
        inputMode="numeric"
        value={now.rate}
        onValue={set('rate')}
        hint="The most that one instance copies; empty, there is no limit."
      />
      <SelectField label="A copy is verified by" value={now.verify} options={ways} onValue={set('verify')} />
      <CheckField
        label="A front door may send clients there"
        isOn={now.endpoint}
        onChange={(endpoint) => setNow({ ...now, endpoint })}
      />
    </FormDialog>
  );
}
