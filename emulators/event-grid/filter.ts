import { passesAdvancedFilter } from './advanced-filter.ts';
import type { CloudEvent } from './cloud-event.ts';
import type { Subscription } from './subscription.ts';

/** Says whether a subscription wants an event: its types, its subject, and every one of its advanced filters. */
export function wants({ filter }: Subscription, event: CloudEvent): boolean {
  const onArrays = filter.enableAdvancedFilteringOnArrays;
  return (
    includesType(filter.includedEventTypes, event.type) &&
    fitsSubject(filter, event.subject ?? '') &&
    filter.advancedFilters.every((advanced) => passesAdvancedFilter(event, advanced, onArrays))
  );
}

/** "All" is what older templates write for no restriction. */
function includesType(included: readonly string[] | undefined, type: string): boolean {
  return included === undefined || included.includes('All') || included.includes(type);
}

function fitsSubject(filter: Subscription['filter'], subject: string): boolean {
  const fold = (text: string): string => (filter.isSubjectCaseSensitive ? text : text.toLowerCase());
  const folded = fold(subject);
  return folded.startsWith(fold(filter.subjectBeginsWith ?? '')) && folded.endsWith(fold(filter.subjectEndsWith ?? ''));
}
