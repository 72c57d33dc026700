import { describe, expect, it } from 'vitest';
import { advancedFilterSchema, passesAdvancedFilter } from '../../../emulators/event-grid/advanced-filter.ts';
import { cloudEventSchema } from '../../../emulators/event-grid/cloud-event.ts';
import { event } from './topic-fixture.ts';

const pushed = cloudEventSchema.parse(
  event({
    type: 'Image.Pushed',
    subject: 'team/app:v1',
    region: 'West',
    data: {
      size: 100,
      on: true,
      name: 'Contoso',
      nothing: null,
      target: { tag: 'v1' },
      tags: ['v1', 'latest', 7],
      none: [],
    },
  }),
);

function passes(operatorType: string, key: string, operand: object = {}, onArrays = false): boolean {
  return passesAdvancedFilter(pushed, advancedFilterSchema.parse({ operatorType, key, ...operand }), onArrays);
}
const value = (one: unknown): object => ({ value: one });
const values = (...many: unknown[]): object => ({ values: many });

describe('advanced filter operators', () => {
  it.each([
    ['NumberIn', 'data.size', values(1, 100), true],
    ['NumberIn', 'data.size', values(1, 2), false],
    ['NumberIn', 'data.name', values(1), false],
    ['NumberNotIn', 'data.size', values(1, 2), true],
    ['NumberNotIn', 'data.size', values(1, 100), false],
    ['NumberLessThan', 'data.size', value(101), true],
    ['NumberLessThan', 'data.size', value(100), false],
    ['NumberLessThanOrEquals', 'data.size', value(100), true],
    ['NumberLessThanOrEquals', 'data.size', value(99), false],
    ['NumberGreaterThan', 'data.size', value(99), true],
    ['NumberGreaterThan', 'data.size', value(100), false],
    ['NumberGreaterThanOrEquals', 'data.size', value(100), true],
    ['NumberGreaterThanOrEquals', 'data.size', value(101), false],
    ['NumberInRange', 'data.size', values([1, 2], [100, 200]), true],
    ['NumberInRange', 'data.size', values([1, 2], [101, 200]), false],
    ['NumberNotInRange', 'data.size', values([1, 2], [101, 200]), true],
    ['NumberNotInRange', 'data.size', values([1, 2], [100, 200]), false],
    ['BoolEquals', 'data.on', value(true), true],
    ['BoolEquals', 'data.on', value(false), false],
    ['StringIn', 'data.name', values('fabrikam', 'contoso'), true],
    ['StringIn', 'data.name', values('conto'), false],
    ['StringNotIn', 'data.name', values('fabrikam'), true],
    ['StringNotIn', 'data.name', values('fabrikam', 'CONTOSO'), false],
    ['StringBeginsWith', 'data.name', values('x', 'con'), true],
    ['StringBeginsWith', 'data.name', values('oso'), false],
    ['StringNotBeginsWith', 'data.name', values('x', 'oso'), true],
    ['StringNotBeginsWith', 'data.name', values('x', 'con'), false],
    ['StringEndsWith', 'data.name', values('x', 'OSO'), true],
    ['StringEndsWith', 'data.name', values('con'), false],
    ['StringNotEndsWith', 'data.name', values('x', 'con'), true],
    ['StringNotEndsWith', 'data.name', values('x', 'oso'), false],
    ['StringContains', 'data.name', values('x', 'NTO'), true],
    ['StringContains', 'data.name', values('xyz'), false],
    ['StringNotContains', 'data.name', values('xyz'), true],
    ['StringNotContains', 'data.name', values('xyz', 'nto'), false],
    ['IsNullOrUndefined', 'data.nothing', {}, true],
    ['IsNullOrUndefined', 'data.missing', {}, true],
    ['IsNullOrUndefined', 'data.name', {}, false],
    ['IsNotNull', 'data.name', {}, true],
    ['IsNotNull', 'data.nothing', {}, false],
    ['IsNotNull', 'data.missing', {}, false],
  ])('%s of %s with %j is %s', (operator, key, operand, expected) => {
    expect(passes(operator, key, operand)).toBe(expected);
  });
});

describe('advanced filter keys', () => {
  it.each([
    ['Subject', 'team/app:v1'],
    ['subject', 'team/app:v1'],
    ['Source', '/registries/local'],
    ['EventType', 'Image.Pushed'],
    ['type', 'Image.Pushed'],
    ['EventId', pushed.id],
    ['region', 'West'],
    ['Data.target.tag', 'v1'],
  ])('%s names a value of the event', (key, expected) => {
    expect(passes('StringIn', key, values(expected))).toBe(true);
  });

  it('reaches no property that the event does not own', () => {
    expect(passes('IsNotNull', 'data.constructor.name')).toBe(false);
  });
});

describe('an advanced filter on a missing key', () => {
  it.each(['NumberIn', 'StringIn', 'StringBeginsWith', 'StringEndsWith', 'StringContains'])(
    '%s does not match',
    (operator) => {
      expect(passes(operator, 'data.missing', operator === 'NumberIn' ? values(1) : values('a'))).toBe(false);
    },
  );
  it.each(['StringNotBeginsWith', 'StringNotEndsWith', 'StringNotContains'])(
    '%s does not match either, as documented',
    (operator) => {
      expect(passes(operator, 'data.missing', values('a'))).toBe(false);
    },
  );
  it('NumberNotIn and StringNotIn match', () => {
    expect(passes('NumberNotIn', 'data.missing', values(1))).toBe(true);
    expect(passes('StringNotIn', 'data.missing', values('a'))).toBe(true);
  });
});

describe('an advanced filter on an array', () => {
  it('never matches while filtering on arrays is off', () => {
    expect(passes('StringIn', 'data.tags', values('v1'))).toBe(false);
    expect(passes('StringNotIn', 'data.tags', values('v9'))).toBe(false);
  });
  it('matches when one element does', () => {
    expect(passes('StringIn', 'data.tags', values('latest'), true)).toBe(true);
    expect(passes('NumberGreaterThan', 'data.tags', value(6), true)).toBe(true);
    expect(passes('StringIn', 'data.tags', values('v9'), true)).toBe(false);
  });
  it('is refused by a negation when one element fits', () => {
    expect(passes('StringNotIn', 'data.tags', values('latest'), true)).toBe(false);
    expect(passes('StringNotIn', 'data.tags', values('v9'), true)).toBe(true);
    expect(passes('StringIn', 'data.none', values('v9'), true)).toBe(false);
  });
});
