import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../infra/reference/settings.ts';
import { sheetOf } from '../../infra/reference/sheet.ts';
import { BadConfiguration, parseConfig } from '../../shared/app/config/config.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const settings = readSettings(root);
const page = readFileSync(`${root}docs/reference/configuration.md`, 'utf8');

function setting(name: string) {
  return settings.find((each) => each.name === name);
}

describe('docs/reference/configuration.md', () => {
  it('is what npm run reference writes now', () => {
    expect(page).toBe(sheetOf(settings));
  });

  it('has every setting once, with its default', () => {
    expect(settings.length).toBeGreaterThan(40);
    for (const { name, default: usual } of settings) {
      const rows = page.split('\n').filter((line) => line.startsWith(`| \`${name}\` |`));
      expect(rows, name).toHaveLength(1);
      if (usual !== undefined) expect(rows[0], name).toContain(`| \`${usual}\` |`);
    }
  });

  it('says of the same settings as the app does that they are required', () => {
    const missing = faultsOf({}).flatMap((fault) => /^(\S+) is missing$/.exec(fault)?.[1] ?? []);
    const required = settings.filter(({ isRequired }) => isRequired).map(({ name }) => name);
    // A choice among texts has its own message where it is missing.
    expect(required.toSorted()).toEqual([...missing, 'LONGSHORE_AUTH'].toSorted());
  });

  it('has defaults that the app takes', () => {
    const given = Object.fromEntries(settings.flatMap(({ name, default: usual }) => (usual ? [[name, usual]] : [])));
    expect(Object.keys(given).length).toBeGreaterThan(20);
    const wrong = faultsOf(given).filter((fault) => Object.keys(given).some((name) => fault.startsWith(`${name} `)));
    expect(wrong).toEqual([]);
  });
});

describe('the page of settings', () => {
  it('is refused for a setting that has no feature', () => {
    const [known] = settings;
    if (known === undefined) throw new Error('there are no settings');
    expect(() => sheetOf([...settings, { ...known, name: 'LONGSHORE_NEW', file: 'shared/app/config/x.ts' }])).toThrow(
      'LONGSHORE_NEW (shared/app/config/x.ts) has no feature',
    );
  });

  it.each(['', 'Likewise.', 'of the bucket', 'No end to it'])('is refused for a setting that says %j', (says) => {
    const others = settings.filter(({ name }) => name !== 'COSMOS_KEY');
    const [key] = settings.filter(({ name }) => name === 'COSMOS_KEY');
    if (key === undefined) throw new Error('there is no COSMOS_KEY');
    expect(() => sheetOf([...others, { ...key, says }])).toThrow('COSMOS_KEY (shared/app/config/');
  });

  it('reads defaults behind constants, and of what is not a text', () => {
    expect(setting('LONGSHORE_BUILD_LIMITS')?.default).toContain('memory=4096MiB');
    expect(setting('LONGSHORE_MANAGEMENT_URL')?.default).toBe('https://management.azure.com');
    expect(setting('COSMOS_KEY')).toMatchObject({ isRequired: false, default: undefined });
  });
});

function faultsOf(environment: Readonly<Record<string, string>>): string[] {
  try {
    parseConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof BadConfiguration)) throw error;
    return error.message.split('\n').map((line) => line.replace(/^ {2}- /, ''));
  }
}
