import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { localEventGridKeys } from '../../local/stack/services.ts';
import { BadConfiguration, parseConfig } from '../../shared/config.ts';

const { Values: sample } = JSON.parse(readFileSync(new URL('../../local.settings.sample.json', import.meta.url), 'utf8')) as { Values: Record<string, string> };

/** The names that shared/config.ts parses, from its own text: the sample must hold them all. */
const parsedNames = [...readFileSync(new URL('../../shared/config.ts', import.meta.url), 'utf8').matchAll(/^ {4}([A-Z][A-Z_]+):/gm)].map(([, name]) => name ?? '');

describe('the settings', () => {
  it('are all in local.settings.sample.json, with values that the app accepts', () => {
    expect(parsedNames.length).toBeGreaterThan(12);
    expect(Object.keys(sample)).toEqual(expect.arrayContaining(parsedNames));
    expect(parseConfig(sample)).toMatchObject({ LONGSHORE_REGISTRY: 'default', COSMOS_ENDPOINT: 'http://127.0.0.1:8081/' });
  });

  it('in the sample open the local services', () => {
    expect(sample.EVENTGRID_KEY).toBe(localEventGridKeys[0]);
  });

  it('are refused with every fault at once, and no value is repeated', () => {
    const faulty = { ...sample, LONGSHORE_REGION: 'Not A Region', LONGSHORE_UPLOAD_KEY: 'c2hvcnQ=', LONGSHORE_AUTH: 'whatever', COSMOS_ENDPOINT: '', BLOB_CONNECTION_STRING: '' };
    const message = (() => {
      try {
        parseConfig(faulty);
      } catch (error) {
        if (error instanceof BadConfiguration) return error.message;
      }
      return 'accepted';
    })();
    for (const name of ['LONGSHORE_REGION', 'LONGSHORE_UPLOAD_KEY', 'LONGSHORE_AUTH', 'COSMOS_ENDPOINT is missing']) expect(message).toContain(name);
    expect(message).not.toContain('c2hvcnQ=');
    expect(message).not.toContain('Not A Region');
  });

  it('must say where blobs are, by connection string or by endpoint', () => {
    expect(() => parseConfig({ ...sample, BLOB_CONNECTION_STRING: '' })).toThrow(/BLOB_ENDPOINT or BLOB_CONNECTION_STRING/);
  });

  it('have no default for who may do what', () => {
    expect(() => parseConfig({ ...sample, LONGSHORE_AUTH: '' })).toThrow(/LONGSHORE_AUTH/);
  });
});
