import { describe, expect, it } from 'vitest';
import type { AdvancedFilter } from '../../../emulators/event-grid/advanced-filter.ts';
import { cloudEventSchema } from '../../../emulators/event-grid/cloud-event.ts';
import { wants } from '../../../emulators/event-grid/filter.ts';
import type { SubscriptionInput } from '../../../emulators/event-grid/subscription.ts';
import { subscriptionSchema } from '../../../emulators/event-grid/subscription.ts';
import { event, webhook } from './topic-fixture.ts';

function accepts(filter: SubscriptionInput['filter'], overrides: Record<string, unknown> = {}): boolean {
  const subscription = subscriptionSchema.parse(webhook('http://127.0.0.1/', { filter }));
  return wants(
    subscription,
    cloudEventSchema.parse(event({ type: 'Image.Pushed', subject: 'Team/App:v1', ...overrides })),
  );
}

describe('a subscription’s filter', () => {
  it('takes everything when it is empty', () => expect(accepts({})).toBe(true));

  it('takes only the event types that it includes, exactly', () => {
    expect(accepts({ includedEventTypes: ['Image.Deleted', 'Image.Pushed'] })).toBe(true);
    expect(accepts({ includedEventTypes: ['Image.Deleted'] })).toBe(false);
    expect(accepts({ includedEventTypes: ['image.pushed'] })).toBe(false);
    expect(accepts({ includedEventTypes: ['All'] })).toBe(true);
  });

  it('compares the ends of the subject without regard to case, unless told to', () => {
    expect(accepts({ subjectBeginsWith: 'team/', subjectEndsWith: ':V1' })).toBe(true);
    expect(accepts({ subjectBeginsWith: 'team/', isSubjectCaseSensitive: true })).toBe(false);
    expect(accepts({ subjectBeginsWith: 'Team/', subjectEndsWith: ':v1', isSubjectCaseSensitive: true })).toBe(true);
    expect(accepts({ subjectEndsWith: ':v2' })).toBe(false);
  });

  it('compares an event without a subject as an empty one', () => {
    expect(accepts({ subjectBeginsWith: 'team/' }, { subject: undefined })).toBe(false);
    expect(accepts({}, { subject: undefined })).toBe(true);
  });

  it('asks for all advanced filters, and one value of each', () => {
    const name: AdvancedFilter = { operatorType: 'StringContains', key: 'subject', values: ['x', 'app'] };
    const above = (value: number): AdvancedFilter => ({ operatorType: 'NumberGreaterThan', key: 'data.n', value });
    expect(accepts({ advancedFilters: [name, above(0)] })).toBe(true);
    expect(accepts({ advancedFilters: [name, above(1)] })).toBe(false);
  });
});
