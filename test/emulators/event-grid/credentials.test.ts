import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { authorize } from '../../../emulators/event-grid/credentials.ts';
import { keys } from './topic-fixture.ts';

const url = new URL('http://127.0.0.1:4000/api/events?api-version=2018-01-01');
const now = Date.parse('2026-11-23T12:00:00Z');

function token(
  expiry: string,
  key: string = keys[0],
  resource = 'http://127.0.0.1:4000/api/events?apiVersion=2018-01-01',
): string {
  const unsigned = `r=${encodeURIComponent(resource)}&e=${encodeURIComponent(expiry)}`;
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(unsigned).digest('base64');
  return `${unsigned}&s=${encodeURIComponent(signature)}`;
}

const valid = token('11/23/2026 12:00:01 PM');

describe('authorizing a publisher', () => {
  it.each([
    ['the first key', { 'aeg-sas-key': keys[0] }],
    ['the second key', { 'aeg-sas-key': keys[1] }],
    ['a token in its own header', { 'aeg-sas-token': valid }],
    ['a token in the Authorization header', { authorization: `SharedAccessSignature ${valid}` }],
    ['a token signed with the second key', { 'aeg-sas-token': token('11/23/2026 12:00:01 PM', keys[1]) }],
    ['a token with an ISO 8601 expiry', { 'aeg-sas-token': token('2026-11-23T12:00:01Z') }],
  ])('accepts %s', (_, headers) => {
    expect(() => authorize(headers, url, keys, now)).not.toThrow();
  });

  it('accepts a key in the query', () => {
    const withKey = new URL(`${url.href}&aeg-sas-key=${encodeURIComponent(keys[1])}`);
    expect(() => authorize({}, withKey, keys, now)).not.toThrow();
  });

  it.each([
    ['no credential', {}, /must carry one of/],
    ['a wrong key', { 'aeg-sas-key': 'd3Jvbmc=' }, /not one of the topic/],
    ['an empty key', { 'aeg-sas-key': '' }, /not one of the topic/],
    ['a bearer token', { authorization: 'Bearer eyJ' }, /must carry one of/],
    ['an expired token', { 'aeg-sas-token': token('11/23/2026 11:59:59 AM') }, /expired/],
    ['a token without a readable expiry', { 'aeg-sas-token': token('tomorrow') }, /expired/],
    [
      'a token for another topic',
      { 'aeg-sas-token': token('2027-01-01T00:00:00Z', keys[0], 'http://elsewhere:4000/api/events') },
      /another topic/,
    ],
    [
      'a token signed with another key',
      { 'aeg-sas-token': token('2027-01-01T00:00:00Z', 'd3Jvbmc=') },
      /not made with/,
    ],
    ['a token whose expiry was changed', { 'aeg-sas-token': valid.replace('2026', '2027') }, /not made with/],
    ['a token without a signature', { 'aeg-sas-token': valid.replace(/&s=.*/, '') }, /not of the form/],
  ])('refuses %s', (_, headers, message) => {
    expect(() => authorize(headers, url, keys, now)).toThrow(message);
  });
});
