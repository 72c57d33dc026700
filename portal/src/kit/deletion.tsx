import type { VNode } from 'preact';
import { answered, api } from './api.ts';
import { bulksEnded } from './bulk.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { formatDay } from './format.ts';
import { useLoaded } from './load.ts';
import { formatReference } from './reference.ts';
import type { Schema } from './schemas.ts';
import { Show } from './states.tsx';
import { Text } from './text.tsx';
import { attempt, toast } from './toasts.ts';
import { Bytes, Digest } from './values.tsx';

interface DeletionProps {
  readonly repository: string;
  /** A tag, which goes alone, or the digest of an image, which goes with its tags. */
  readonly reference: string;
  readonly onClose: () => void;
  /** Called when somebody has said yes; the deletion is then under way. */
  readonly onDelete: () => void;
}

/** Deletes what was shown, and offers to undo it. Nothing goes if the tag has moved from that digest. */
async function remove(query: { repository: string; reference: string; digest: string }): Promise<void> {
  const { repository, reference } = query;
  await attempt(async () => {
    const { group } = await answered(api.DELETE('/images', { params: { query } }));
    bulksEnded.value += 1;
    const undo = async () => {
      if (group === undefined) return;
      await answered(api.POST('/bin/restore', { body: { group, repository } }));
      bulksEnded.value += 1;
    };
    toast(`${formatReference(repository, reference)} is deleted.`, { undo: group === undefined ? undefined : undo });
  });
}

/** Shows all that goes with a tag or an image, what stays, and what is freed when, and deletes it then. */
export function DeletionDialog({ repository, reference, onClose, onDelete }: DeletionProps): VNode {
  const query = { repository, reference };
  const preview = useLoaded(JSON.stringify(query), (signal) =>
    answered(api.GET('/images/deletion', { params: { query }, signal })),
  );
  const blocked = preview.data?.blockedBy?.[0];
  const disabledWhy =
    preview.data === undefined ? 'What goes is not known yet.' : blocked === undefined ? undefined : blocked.why;
  const press = () => {
    if (preview.data === undefined) return;
    onDelete();
    void remove({ ...query, digest: preview.data.digest });
  };
  return (
    <Dialog
      title={reference.includes(':') ? 'Delete the image?' : 'Delete the tag?'}
      closeLabel="Cancel"
      onClose={onClose}
      actions={
        <Button kind="danger" onPress={press} disabledWhy={disabledWhy}>
          Delete
        </Button>
      }
    >
      <Show of={preview}>{(data) => <Preview of={data} />}</Show>
    </Dialog>
  );
}

const goesWhy = {
  itself: 'the image itself',
  child: 'an image that it lists',
  referrer: 'it refers to the image',
  'tag-signature': 'its tag says that it is about the image',
} as const;

const staysWhy = {
  tag: 'another tag points at it',
  index: 'another index lists it',
  subject: 'something else needs it',
  locked: 'it is locked',
  'tag-alone': 'a tag is deleted, and the image is not',
} as const;

/** A deletion alone frees nothing: the bytes go after the days in the bin. */
function freedOn({ purgedAt, freedAt }: Schema<'DeletionPreview'>): string {
  if (freedAt === undefined) return '';
  return ` on ${formatDay(freedAt)}${purgedAt === undefined ? '' : ', after the recycle bin'}`;
}

function Preview({ of }: { readonly of: Schema<'DeletionPreview'> }): VNode {
  const { goes, stays, bytes, purgedAt, blockedBy = [] } = of;
  return (
    <>
      {blockedBy.map(({ what, why }) => (
        <p key={what} class="failure">
          <span>
            <Text of={what} />: <Text of={why} />
          </span>
        </p>
      ))}
      <h3>These tags go</h3>
      <ul class="chips">
        {goes.tags.map((name) => (
          <li key={name}>
            <Text of={name} />
          </li>
        ))}
      </ul>
      {goes.manifests.length === 0 ? null : <h3>These manifests go</h3>}
      <ul>
        {goes.manifests.map(({ digest, why }) => (
          <li key={digest}>
            <Digest of={digest} /> {goesWhy[why]}
          </li>
        ))}
        {goes.more === true ? <li>and more</li> : null}
      </ul>
      {stays.length === 0 ? null : <h3>These stay</h3>}
      <ul>
        {stays.map(({ digest, why }) => (
          <li key={digest}>
            <Digest of={digest} /> {staysWhy[why]}
          </li>
        ))}
      </ul>
      <p>
        {bytes.freed === 0 ? (
          'No bytes are freed: something else needs all of them.'
        ) : (
          <>
            {bytes.isAtLeast === true ? 'At least ' : ''}
            <Bytes of={bytes.freed} /> are freed{freedOn(of)}.
          </>
        )}{' '}
        {bytes.shared === 0 ? null : (
          <>
            <Bytes of={bytes.shared} /> stay, because others need them.
          </>
        )}
      </p>
      <p>
        {purgedAt === undefined
          ? 'It cannot be restored: soft delete is off.'
          : `It can be restored from the recycle bin until ${formatDay(purgedAt)}.`}
      </p>
    </>
  );
}
