import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { generalErrors } from '../../shared/core/http/api-errors.ts';
import { ask } from '../shared/image.ts';
import type { Operation } from './document.ts';
import { readDocument } from './document.ts';

const document = await readDocument();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, path, method, operation })),
);

const words = (text: string | undefined) => (text ?? '').split(/\s+/).filter(Boolean).length;
const wrong = (isWrong: (operation: Operation) => boolean) =>
  operations.filter(({ operation }) => isWrong(operation)).map(({ name }) => name);

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** Each property of each schema in a part of the document, by where it stands. */
function* propertiesIn(node: unknown, place: string): Generator<{ readonly place: string; readonly schema: Node }> {
  if (!isNode(node)) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === 'example' || key === 'examples' || key === 'default') continue;
    const isProperties = key === 'properties' && isNode(value) && !('type' in value && typeof value.type === 'string');
    if (isProperties)
      for (const [name, schema] of Object.entries(value))
        if (isNode(schema)) yield { place: `${place}.${name}`, schema };
    yield* propertiesIn(value, isProperties ? place : `${place}.${key}`);
  }
}

/** A reference is described where it leads to. */
function isDescribed(schema: Node): boolean {
  if (typeof schema.$ref === 'string')
    return isDescribed(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] as Node);
  const inner = Array.isArray(schema.allOf) ? (schema.allOf as Node[]).some(isDescribed) : false;
  return words(schema.description as string | undefined) >= 3 || inner;
}

function codesIn(node: unknown): string[] {
  if (!isNode(node)) return [];
  const { properties } = node;
  const own =
    isNode(properties) && isNode(properties.code) && isNode(properties.message)
      ? (properties.code.enum as string[])
      : [];
  return [...own, ...Object.values(node).flatMap(codesIn)];
}

describe('the OpenAPI document', () => {
  it('says where its paths are', () => {
    expect(document.servers).toEqual([{ url: '/api/v1', description: 'This registry.' }]);
  });

  it('has for every operation an id of its own, one tag that is described, and how callers prove who they are', () => {
    const ids = operations.map(({ operation }) => operation.operationId ?? '');
    expect(ids.filter((id) => !/^[a-z][a-zA-Z]+$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = new Set(document.tags.map(({ name }) => name));
    expect(wrong(({ tags: own = [] }) => own.length !== 1 || !tags.has(own[0] ?? ''))).toEqual([]);
    expect(document.tags.filter(({ description }) => words(description) < 3)).toEqual([]);
    expect(wrong(({ security = [] }) => security.length === 0)).toEqual([]);
  });

  it('describes operations, their parameters and answers in sentences of three words and more', () => {
    const short = (what: string) => `these have a ${what} of fewer than three words`;
    expect(
      wrong(({ summary, description }) => words(summary) < 2 || words(description) < 3),
      short('description'),
    ).toEqual([]);
    expect(
      wrong(({ parameters = [] }) => parameters.some(({ description }) => words(description) < 3)),
      short('parameter with a description'),
    ).toEqual([]);
    expect(
      wrong(({ responses }) =>
        Object.values(responses).some((each) => each.$ref === undefined && words(each.description) < 3),
      ),
      short('answer with a description'),
    ).toEqual([]);
  });

  it('describes every schema and every property', () => {
    const { schemas } = document.components;
    expect(Object.keys(schemas).filter((name) => words(schemas[name]?.description) < 3)).toEqual([]);
    const all = [...propertiesIn(document.paths, ''), ...propertiesIn(document.components, '')];
    expect(all.length).toBeGreaterThan(500);
    expect(
      all.filter(({ schema }) => !isDescribed(schema)).map(({ place }) => place),
      'these have no description of three words',
    ).toEqual([]);
  });

  it('declares for every operation the errors that any may give, and Retry-After where it is worth a second try', () => {
    const always = ['400', '401', '403', '421', '429', '500', '503'];
    expect(wrong(({ responses }) => always.some((status) => !(status in responses)))).toEqual([]);
    expect(
      wrong(
        ({ requestBody, responses }) => requestBody !== undefined && !['413', '415'].every((each) => each in responses),
      ),
    ).toEqual([]);
    for (const name of ['TooManyRequests', 'Unavailable'])
      expect(document.components.responses[name]).toMatchObject({ headers: { 'Retry-After': {} } });
  });

  it('has no code of an error that no code gives, and every one that features give', () => {
    const sources = globSync(join(import.meta.dirname, '../../shared/features/**/*.ts')).map((path) =>
      readFileSync(path, 'utf8'),
    );
    const given = sources.flatMap((text) =>
      [
        ...text.matchAll(/is: '(?:thing-unknown|conflict)',\s*code: (?:\w+ === undefined \? )?'(\w+)'(?: : '(\w+)')?/g),
      ].flatMap(([, one, other]) => [one, other].filter((code) => code !== undefined)),
    );
    const named = sources.flatMap((text) =>
      [...text.matchAll(/^ {2}'?[\w-]+'?: '(\w+NotFound)',$/gm)].map(([, code]) => code),
    );
    const general = generalErrors.flatMap(({ codes }) => codes);
    // An error about content, and one of a lock, has the code of the distribution's fault.
    const ofContent = ['repositoryNotFound', 'manifestNotFound', 'tagNotFound', 'locked'];
    const declared = new Set(codesIn(document));
    const known = new Set([...given, ...named, ...general, ...ofContent]);
    expect([...declared].filter((code) => !known.has(code))).toEqual([]);
    // `conflict` is of ACR's own API, which is in no document.
    expect([...known].filter((code) => code !== undefined && !declared.has(code) && code !== 'conflict')).toEqual([]);
  });
});

describe('every list', () => {
  const lists = operations.filter(
    ({ method, operation }) =>
      method === 'get' && operation.parameters?.some(({ name }) => name === 'continuation') === true,
  );
  const { app } = composeForTest();
  const names: Readonly<Record<string, string>> = { build: '00000000-0000-4000-8000-000000000000' };

  it('is known', () => {
    expect(lists.length).toBeGreaterThanOrEqual(17);
  });

  it.each(lists.map(({ path }) => path))('answers 400 to a place that was made up: %s', async (path) => {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? 'default');
    const answer = await ask(app, 'GET', `/api/v1${filled}?continuation=zzz${path === '/bases' ? '&image=a:1' : ''}`);
    // A build that is not there has no list, so it is a 404 before the page token is read.
    expect(answer.status).toBe(path === '/builds/{build}' ? 404 : 400);
  });
});
