import type { VNode } from '../../kit.ts';
import {
  answered,
  api,
  Button,
  confirmed,
  countOf,
  formatTime,
  FormDialog,
  Text,
  TextField,
  useState,
  whyNot,
} from '../../kit.ts';
import type { Content } from './bulk-bar.tsx';
import { Kept } from './bulk-bar.tsx';

interface ByAgeProps {
  readonly repository: string;
  readonly search: string | undefined;
  readonly onMany: (content: Content) => unknown;
}

const dayMs = 86_400_000;

/** Deletes the tags that were not pushed for a number of days. The registry counts them first, in all of the list. */
export function ByAge({ repository, search, onMany }: ByAgeProps): VNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button kind="danger" onPress={() => setOpen(true)} disabledWhy={whyNot('management/write')}>
        Delete by age …
      </Button>
      {isOpen ? <Form repository={repository} search={search} onMany={onMany} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function Form({ repository, search, onMany, onClose }: ByAgeProps & { readonly onClose: () => void }): VNode {
  const [names, setNames] = useState(search ?? '');
  const [days, setDays] = useState('30');
  const count = async () => {
    const number = Number(days);
    if (days.trim() === '' || !(number > 0 && number < 36_500)) throw new Error('Give a number of days above nothing.');
    const asked: Asked = {
      ...(names === '' ? {} : { search: names }),
      pushedBefore: new Date(Date.now() - number * dayMs).toISOString(),
    };
    const query = { repository, ...asked };
    const { matched } = await answered(api.GET('/repositories/deletion', { params: { query } }));
    if (matched === 0) throw new Error('No tag matches, so there is nothing to delete.');
    // The question comes when this dialog is gone: there is one dialog at a time.
    setTimeout(() => void remove(asked, matched, onMany));
  };
  return (
    <FormDialog title="Delete by age" submit="Count them" onSubmit={count} onClose={onClose}>
      <TextField
        label="Tags"
        value={names}
        onValue={setNames}
        placeholder="pr-*"
        hint="The beginning of a tag, or a pattern with *; empty is all tags."
      />
      <TextField
        label="Not pushed for days"
        inputMode="numeric"
        value={days}
        onValue={setDays}
        hint="By the last push of the tag. Nothing is deleted yet: you are asked again, with their number."
      />
    </FormDialog>
  );
}

interface Asked {
  readonly search?: string;
  readonly pushedBefore: string;
}

async function remove(asked: Asked, matched: number, onMany: ByAgeProps['onMany']): Promise<void> {
  const named = countOf(matched, 'tag');
  const isSure = await confirmed({
    title: `Delete ${named}?`,
    body: (
      <>
        <p>
          All tags go that were last pushed before {formatTime(asked.pushedBefore)}
          {asked.search === undefined ? null : (
            <>
              {' '}
              and match <Text of={asked.search} />
            </>
          )}
          . If their number has changed by then, nothing is deleted.
        </p>
        <Kept />
      </>
    ),
    confirm: `Delete ${named}`,
    isDanger: true,
  });
  if (isSure) await onMany({ ...asked, expected: matched });
}
