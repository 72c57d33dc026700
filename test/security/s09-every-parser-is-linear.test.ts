import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import type { Parser } from './s09-parsers.ts';
import { parsers } from './s09-parsers.ts';

const repeated = [
  'a',
  '0',
  '=',
  '"',
  '\\',
  '/',
  ':',
  '-',
  '.',
  '*',
  '**/',
  '(',
  '[',
  '{',
  '{"a":',
  '$',
  '${a:-',
  ' ',
  ',',
  '%',
  '%41',
  '0.',
  '1h',
  '<<A ',
  '\n',
  'a,',
  'a="b",',
  'a=b&',
  '\u0080',
];
const [kib64, mib] = [64 * 1024, 1024 * 1024];
const made = new Map(repeated.map((pump) => [pump, pump.repeat(Math.ceil(mib / pump.length))]));

async function milliseconds(parse: Parser, text: string): Promise<number> {
  // The processor time is this process's alone, because others use the machine too.
  const begun = process.cpuUsage();
  await parse(text);
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000;
}

/** A Dockerfile is looked at in many ways, and some of them do not depend on the text. */
function pumpsFor(name: string): readonly string[] {
  if (name.startsWith('a Dockerfile of') || name.startsWith('a Dockerfile that')) return ['a'];
  if (name.includes(' of many ')) return ['a', '"', '\\'];
  return name.startsWith('a Dockerfile') ? ['a', '=', '"', '\\', '$', '${a:-', '[', '<<A ', ' ', 'a,'] : repeated;
}

/** The least of some tries: memory is tidied up in some of them. */
async function least(parse: Parser, text: string, enough: number): Promise<number> {
  let found = Infinity;
  for (let tries = 0; tries < 4 && found > enough; tries += 1) found = Math.min(found, await milliseconds(parse, text));
  return found;
}

/**
 * The limits for 64 KiB and for 1 MiB: a parser that is not linear needs seconds for the one, and minutes for the
 * other.
 */
const [shortMs, longMs] = [150, 1_500];

describe('a parser of text from outside', () => {
  it.each(Object.entries(parsers))(
    'takes time in proportion to the text: %s',
    async (name, parse) => {
      await parse('a');
      const slow: string[] = [];
      for (const pump of pumpsFor(name)) {
        const whole = made.get(pump) ?? '';
        const short = await least(parse, whole.slice(0, kib64), shortMs);
        if (short > shortMs) {
          slow.push(`64 KiB of ${JSON.stringify(pump)} take ${Math.round(short)} ms`);
          break;
        }
        // Sixteen times the text; three times that for a busy machine, and nothing of what is too short to be measured.
        const allowed = Math.min(longMs, Math.max(100, 48 * short));
        const long = await least(parse, whole, allowed);
        if (long > allowed)
          slow.push(
            `1 MiB of ${JSON.stringify(pump)} takes ${Math.round(long)} ms, and 64 KiB take ${short.toFixed(1)}`,
          );
      }
      expect(slow).toEqual([]);
    },
    120_000,
  );
});

describe('a request that is 64 KiB long', () => {
  const app = composeForTest({ settings: { auth: { mode: 'open' } } }).app;
  const places: Record<
    string,
    (text: string) => [method: string, path: string, headers?: Record<string, string>, body?: string]
  > = {
    'the last of a page': (text) => ['GET', `/v2/team/app/tags/list?last=${encodeURIComponent(text)}`],
    'the last of a page of ACR': (text) => [
      'GET',
      `/acr/v1/team/app/_tags?last=${encodeURIComponent(text)}&orderby=timedesc`,
    ],
    'a catalog': (text) => ['GET', `/v2/_catalog?last=${encodeURIComponent(text)}&n=${encodeURIComponent(text)}`],
    'an image to explain': (text) => ['GET', `/api/v1/purge/explain?image=${encodeURIComponent(text)}`],
    'a continuation': (text) => ['GET', `/api/v1/builds?continuation=${encodeURIComponent(text)}`],
    'a name': (text) => ['GET', `/v2/${encodeURIComponent(text)}/manifests/1`],
    'an upload': (text) => ['PATCH', `/v2/team/app/blobs/uploads/a?_state=${encodeURIComponent(text)}`],
    'a token': (text) => [
      'GET',
      '/v2/',
      {
        authorization: `Bearer ${Buffer.from(text).toString('base64url')}.${Buffer.from(text).toString('base64url')}.a`,
      },
    ],
    'a form': (text) => [
      'POST',
      '/oauth2/token',
      { 'content-type': 'application/x-www-form-urlencoded' },
      `grant_type=refresh_token&service=a&scope=${text}`,
    ],
    JSON: (text) => [
      'PUT',
      '/api/v1/tasks/app',
      { 'content-type': 'application/json' },
      JSON.stringify({ image: text, context: { git: text } }),
    ],
    'a webhook': (text) => [
      'PUT',
      '/api/v1/webhooks/hook12',
      { 'content-type': 'application/json' },
      JSON.stringify({ serviceUri: text, actions: ['push'], scope: text, customHeaders: { [text]: text } }),
    ],
    'a policy': (text) => [
      'PUT',
      '/api/v1/purge/policies/p',
      { 'content-type': 'application/json' },
      JSON.stringify({ repositories: { include: [text] }, remove: [{ name: 'a', semver: text, tags: [text] }] }),
    ],
  };
  it.each(Object.entries(places))(
    'is answered at once: %s',
    async (_, place) => {
      for (const whole of made.values()) {
        const [method, path, given, body] = place(whole.slice(0, kib64));
        const ask = async () => {
          const answer = await app.fetch(
            new Request(`http://registry.test${path}`, {
              method,
              ...(given === undefined ? {} : { headers: given }),
              ...(body === undefined ? {} : { body }),
            }),
          );
          expect(answer.status).toBeLessThan(500);
          await answer.text();
        };
        expect(await least(ask, '', 400)).toBeLessThan(400);
      }
    },
    60_000,
  );
});
