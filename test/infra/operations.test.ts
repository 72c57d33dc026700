import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { infraText, ofType, predicted } from './snapshot.ts';

const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

describe('docs/operations.md', () => {
  it('has a row for each alert that is deployed, and for no other', () => {
    const [, rows = ''] = text.split('| alert |');
    const told = [...(rows.split('\n\n')[0] ?? '').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
    const deployed = ['Microsoft.Insights/scheduledQueryRules', 'Microsoft.Insights/metricAlerts']
      .flatMap((type) => ofType(predicted('oneregion'), type))
      .map(({ name }) => name.replace(/^longshore-[a-z0-9]{8}-/, ''));
    expect(told.sort()).toEqual(deployed.sort());
  });

  it('says of backups what the templates set', () => {
    const [cosmos] = ofType<{ backupPolicy: { continuousModeProperties: { tier: string } } }>(
      predicted('oneregion'),
      'Microsoft.DocumentDB/databaseAccounts',
    );
    expect(cosmos?.properties.backupPolicy.continuousModeProperties.tier).toBe('Continuous7Days');
    expect(text).toContain('continuous backups of 7 days');
    const services = ofType<{ deleteRetentionPolicy: { days: number } }>(
      predicted('oneregion'),
      'Microsoft.Storage/storageAccounts/blobServices',
    );
    expect(services.map(({ properties }) => properties.deleteRetentionPolicy.days)).toEqual([7, 7]);
    expect(text).toContain('soft delete within 7 days');
  });

  it('names secrets of the vault that are deployed, and documents that are there', () => {
    const secrets = ofType(predicted('oneregion'), 'Microsoft.KeyVault/vaults/secrets').map(({ name }) =>
      name.split('/').at(-1),
    );
    for (const [, name = ''] of text.matchAll(/`(longshore-[a-z-]+key)`/g)) expect(secrets).toContain(name);
    for (const [, path = ''] of text.matchAll(/\(?docs\/([a-z-]+\.md)\)?/g))
      expect(existsSync(new URL(`../../docs/${path}`, import.meta.url)), path).toBe(true);
  });
});

describe('azure.yaml', () => {
  const yaml = readFileSync(new URL('../../azure.yaml', import.meta.url), 'utf8');

  it('names a template, parameters, a tag and outputs that there are', () => {
    const [path = '', module = ''] = ['path', 'module'].map(
      (key) => new RegExp(`^  ${key}: (\\S+)`, 'm').exec(yaml)?.[1] ?? '',
    );
    for (const file of [
      `${path}/${module}.bicep`,
      `${path}/${module}.bicepparam`,
      ...[...yaml.matchAll(/--template-file (\S+)/g)].map(([, name = '']) => name),
    ])
      expect(existsSync(new URL(`../../${file}`, import.meta.url)), file).toBe(true);
    const [, service = ''] = /^services:\n  (\w+):/m.exec(yaml) ?? [];
    expect(infraText('modules/functions.bicep')).toContain(`'azd-service-name': '${service}'`);
    const { outputs } = JSON.parse(infraText('compiled/main.json')) as { outputs: object };
    const subscriptions = JSON.parse(infraText('compiled/subscriptions.json')) as { parameters: object };
    const passed = [...yaml.matchAll(/(\w+)="\$\(azd env get-value (\w+)\)"/g)];
    expect(passed.map(([, parameter]) => parameter).sort()).toEqual(Object.keys(subscriptions.parameters).sort());
    for (const [, , output = ''] of passed) expect(Object.keys(outputs)).toContain(output);
  });
});
