import type { VNode } from '../../kit.ts';
import {
  answered,
  api,
  Badge,
  ChoiceField,
  countOf,
  FormDialog,
  send,
  Text,
  Time,
  useLoaded,
  useState,
} from '../../kit.ts';

const modes = [
  ['audit', 'Audit', 'nobody is refused; an image that does not pass is served with a warning. Begin with this.'],
  ['enforce', 'Enforce', 'an image that does not pass is refused to those who may only pull. Others get it still.'],
  ['off', 'Off', 'the policy is kept and does nothing; what it alone held opens.'],
] as const;

interface ModeFieldProps {
  readonly value: string;
  readonly onValue: (mode: string) => void;
}

export function ModeField({ value, onValue }: ModeFieldProps): VNode {
  return (
    <ChoiceField
      label="Mode"
      value={value}
      onValue={onValue}
      options={modes}
      hint="New pushes go by it at once. What is stored stays as open or as held as it is until it is judged anew."
    />
  );
}

export function ModeBadge({ of }: { readonly of: string }): VNode {
  return of === 'enforce' ? (
    <Badge looks="good">● enforce</Badge>
  ) : of === 'audit' ? (
    <Badge looks="warn">◐ audit</Badge>
  ) : (
    <Badge>○ off</Badge>
  );
}

interface ModeDialogProps {
  readonly name: string;
  readonly mode: string;
  readonly path: readonly string[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Changes the mode of a policy and nothing else. */
export function ModeDialog({ name, mode, path, onClose, onDone }: ModeDialogProps): VNode {
  const [now, setNow] = useState(mode);
  const submit = async () => {
    await send('PATCH', [...path, name], { mode: now });
    onDone();
  };
  return (
    <FormDialog title={`Mode of ${name}`} submit="Save" onSubmit={submit} onClose={onClose}>
      <ModeField value={now} onValue={setNow} />
    </FormDialog>
  );
}

/** Loads how far the judging of stored images is; while it is under way it is asked for often. */
export function useWalk(key: string) {
  const [isUnderWay, setUnderWay] = useState(true);
  return useLoaded(
    `walk ${key}`,
    async (signal) => {
      const walk = await answered(api.GET('/verdicts/walk', { signal }));
      setUnderWay(walk.isUnderWay);
      return walk;
    },
    { everyMs: isUnderWay ? 5_000 : 60_000, about: 'walk' },
  );
}

/** Says how far the judging of stored images is. */
export function Walk({ of: { data } }: { readonly of: ReturnType<typeof useWalk> }): VNode | null {
  if (data?.beganAt === undefined) return null;
  const { isUnderWay, judged, repository, beganAt, endedAt } = data;
  return (
    <p role="status">
      {isUnderWay ? (
        <>
          <Badge looks="warn">judging</Badge> What is stored is judged by the policies as they are since{' '}
          <Time at={beganAt} />: {countOf(judged, 'manifest')} so far
          {repository === undefined ? null : (
            <>
              , at <Text of={repository} />
            </>
          )}
          . It goes on every minute.
        </>
      ) : (
        <>
          <Badge looks="good">✓ judged</Badge>{' '}
          {`${countOf(judged, 'stored manifest')} judged by the policies as they are, `}
          <Time at={endedAt} />.
        </>
      )}
    </p>
  );
}
