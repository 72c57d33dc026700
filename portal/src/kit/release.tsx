import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { answered, api, ApiFailure } from './api.ts';
import { FormDialog, TextField } from './fields.tsx';
import { countOf, formatTime } from './format.ts';
import { formatReference } from './reference.ts';
import { Text } from './text.tsx';
import { toast } from './toasts.ts';

export interface ManifestName {
  readonly repository: string;
  readonly digest: string;
}

interface ReleaseDialogProps {
  readonly of: readonly ManifestName[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

const mostHours = 720;
/** So many calls are under way at once. */
const atOnce = 4;

/** Asks why and for how long held images are to be open, and opens them. */
export function ReleaseDialog({ of, onClose, onDone }: ReleaseDialogProps): VNode {
  const [reason, setReason] = useState('');
  const [hours, setHours] = useState('24');
  const [opened, setOpened] = useState(0);
  // Those that are open stay so when it is tried again because of the others.
  const done = useRef(new Set<ManifestName>());
  const submit = async () => {
    const content = contentOf(reason, hours);
    const failed = await releaseAll(
      of.filter((each) => !done.current.has(each)),
      content,
      (one) => setOpened(done.current.add(one).size),
    );
    if (done.current.size > 0) onDone();
    if (failed !== undefined) throw failed;
    const until = new Date(Date.now() + content.hours * 3_600_000).toISOString();
    toast(`${countOf(of.length, 'image is', 'images are')} open until ${formatTime(until)}.`);
  };
  const [first] = of;
  const title = of.length === 1 ? 'Release the image?' : `Release ${countOf(of.length, 'image')}?`;
  return (
    <FormDialog title={title} submit="Release" onSubmit={submit} onClose={onClose}>
      {first === undefined || of.length > 1 ? null : (
        <p>
          <Text of={formatReference(first.repository, first.digest)} />
        </p>
      )}
      <p>
        Everybody who may pull gets it until the time is over, whatever the policies say. Then they count again, by
        themselves. Your name and the reason are kept, and told by an event.
      </p>
      <TextField
        label="Reason"
        value={reason}
        onValue={setReason}
        placeholder="the fix is on its way"
        hint="For those who ask later."
      />
      <TextField
        label="Hours"
        inputMode="numeric"
        value={hours}
        onValue={setHours}
        hint={`From 1 to ${mostHours}. What is to stay open for longer is an exception of the policy.`}
      />
      {of.length > 1 && opened > 0 ? <p role="status">{`${opened} of ${countOf(of.length, 'image')} open`}</p> : null}
    </FormDialog>
  );
}

function contentOf(reason: string, hours: string) {
  if (reason.trim().length < 3) throw new ApiFailure('Give a reason, of three letters at least.', 400);
  const number = /^\d{1,3}$/.test(hours.trim()) ? Number(hours) : 0;
  if (number < 1 || number > mostHours) throw new ApiFailure(`Give a number of hours from 1 to ${mostHours}.`, 400);
  return { reason: reason.trim(), hours: number };
}

/** Releases images, some at a time. Returns what is to be said of those that were refused. */
async function releaseAll(
  images: readonly ManifestName[],
  content: ReturnType<typeof contentOf>,
  onOpen: (one: ManifestName) => void,
): Promise<ApiFailure | undefined> {
  const rest = [...images];
  const refused: ApiFailure[] = [];
  const work = async () => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const { repository, digest } = next;
      try {
        await answered(api.POST('/images/release', { params: { query: { repository, digest } }, body: content }));
        onOpen(next);
      } catch (error) {
        // It was opened by something else meanwhile, as by its signature.
        if (error instanceof ApiFailure && error.code === 'imageNotHeld') onOpen(next);
        else refused.push(error as ApiFailure);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const [first] = refused;
  if (first === undefined || images.length === 1) return first;
  return new ApiFailure(
    `${countOf(refused.length, 'image is', 'images are')} not released, the first because: ${first.message}`,
    first.status,
  );
}
