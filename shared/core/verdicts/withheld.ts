import { defined } from '../documents/defined.ts';
import type { RepositoryKey } from '../documents/names.ts';
import type { Verdict, Withheld } from '../documents/verdict.ts';
import { maxWithheld } from '../documents/verdict.ts';
import { callForEvent, recordedEvents } from '../events/outbox.ts';
import { RegistryError } from '../oci/faults.ts';
import type { DocumentChange, ReadDocument } from '../ports/documents.ts';
import type { CloudEvent } from '../ports/topic.ts';

/**
 * Lets the events of a push wait with its manifest. An event of what one waits for already is left out: a tag that is
 * pushed again and again while its image is held announces it once. Throws `RegistryError` (`conflict`) if there are
 * too many, as no event may be lost and none may go out early.
 */
export function withhold(
  verdict: Verdict,
  events: readonly CloudEvent[],
): { readonly verdict: Verdict; readonly recorded: readonly CloudEvent[] } {
  const before = verdict.withheld ?? [];
  const known = new Set(before.map(({ of }) => of));
  const recorded = events.filter((event) => !known.has(thingOf(event)));
  const withheld: Withheld[] = [...before, ...recorded.map((event) => ({ id: event.id, of: thingOf(event) }))];
  if (withheld.length > maxWithheld)
    throw new RegistryError({
      is: 'conflict',
      code: 'tooManyWithheld',
      why:
        `the image is held, and ${before.length} events of its tags wait until it is open: at most ${maxWithheld} may. ` +
        'Pass it or release it first, or delete it',
    });
  return { verdict: withheld.length === 0 ? verdict : { ...verdict, withheld }, recorded };
}

function thingOf({ type, subject }: CloudEvent): string {
  return `${type} ${subject}`;
}

/** The events of one transaction, which holds a hundred changes. */
const calledAtOnce = 80;

/**
 * Calls for the events that wait for a manifest which is open by its new verdict. They are written in the transaction
 * of the verdict, so they go out once, by whatever opens it; and the outbox has them if the process dies
 * then. If there are more than a transaction holds, the verdict is due at once for the rest.
 */
export async function callWithheld(
  documents: ReadDocument,
  key: RepositoryKey,
  verdict: Verdict,
  now: Date,
): Promise<{
  readonly verdict: Verdict;
  readonly events: readonly CloudEvent[];
  readonly changes: readonly DocumentChange[];
}> {
  const { withheld, ...without } = verdict;
  if (verdict.held || withheld === undefined) return { verdict, events: [], changes: [] };
  const called = withheld.slice(0, calledAtOnce);
  const rest = withheld.slice(calledAtOnce);
  const ids = called.map(({ id }) => id);
  const events = (await recordedEvents(documents, key, ids, 'withheld')).map((event) => openedAt(event, now));
  return {
    verdict: { ...without, ...(rest.length === 0 ? {} : defined({ withheld: rest, dueAt: now.toISOString() })) },
    events,
    changes: events.map(callForEvent),
  };
}

/** Dates an event to the time at which it goes out: receivers would give up on one that is older than a day. */
function openedAt(event: CloudEvent, now: Date): CloudEvent {
  const time = now.toISOString();
  return { ...event, time, data: { ...(event.data as object), withheldUntil: time } };
}
