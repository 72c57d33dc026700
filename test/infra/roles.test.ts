import { describe, expect, it } from 'vitest';
import type { Predicted } from './snapshot.ts';
import { infraText, ofType, predicted, samples } from './snapshot.ts';

interface Assignment {
  readonly principalId: string;
  readonly roleDefinitionId: string;
}

/** The names beside the ids in infra/roles.bicep. */
const names = new Map(
  [...infraText('roles.bicep').matchAll(/'(.+)': '([0-9a-f-]{36})'/g)].map(([, name = '', id = '']) => [id, name]),
);

/** Returns the grants, by the kind of the resource and the last letters of its name, which tell bytes from work. */
function grants(resources: readonly Predicted[], who: RegExp): string[] {
  const storage = ofType<Assignment>(resources, 'Microsoft.Authorization/roleAssignments').filter(({ properties }) =>
    who.test(properties.principalId),
  );
  return storage
    .map(({ id, properties }) => `${names.get(properties.roleDefinitionId.slice(-36)) ?? 'unknown'} on ${placeOf(id)}`)
    .sort();
}

function placeOf(id: string): string {
  const [scope = ''] = id.split('/providers/Microsoft.Authorization/');
  const account = /storageAccounts\/\w+([bw])/.exec(scope);
  // A secret by its name: which of them an app may read is what matters.
  if (scope.includes('/secrets/')) return scope.split('/').at(-1) ?? '';
  if (account === null) return scope.split('/').at(-2) ?? '';
  return `${account[1] === 'b' ? 'bytes' : 'work'}${scope.includes('/containers/') ? `/${scope.split('/').at(-1) ?? ''}` : ''}`;
}

const own = [
  'EventGrid Data Sender on topics',
  'Key Vault Secrets User on longshore-admin-password-hash',
  'Key Vault Secrets User on longshore-sealing-key',
  'Key Vault Secrets User on longshore-upload-key',
  'Monitoring Metrics Publisher on components',
  'Storage Blob Data Contributor on bytes/registry',
  'Storage Blob Data Owner on work',
  'Storage Blob Delegator on bytes',
  'Storage Queue Data Contributor on work',
];

describe('what an app may do', () => {
  it('is what its ports need, each on the resource that the port reaches, and no more', () => {
    expect(grants(predicted('oneregion'), /userAssignedIdentities/)).toEqual(own);
    expect(grants(predicted('privatenetwork'), /userAssignedIdentities/)).toEqual(own);
  });

  it('reaches to bytes in other regions and to sending to their queues, where there are some', () => {
    const others = [
      ...Array<string>(2).fill('Storage Blob Data Contributor on bytes/registry'),
      ...Array<string>(2).fill('Storage Blob Delegator on bytes'),
      ...Array<string>(2).fill('Storage Queue Data Message Sender on work'),
    ];
    // The sample names one secret that tasks may use.
    expect(grants(predicted('threeregions'), /userAssignedIdentities\/\S+-eastus'/)).toEqual(
      [...own, ...others, 'Key Vault Secrets User on longshore-user-git'].sort(),
    );
  });

  it('is to read and write documents, by one role for each identity', () => {
    const documents = ofType<Assignment>(
      predicted('threeregions'),
      'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments',
    );
    expect(documents.map(({ properties }) => properties.roleDefinitionId.slice(-36))).toEqual(
      Array(3).fill('00000000-0000-0000-0000-000000000002'),
    );
    expect(new Set(documents.map(({ properties }) => properties.principalId)).size).toBe(3);
  });
});

describe("the id behind each role's name", () => {
  /**
   * As Azure documents them (learn.microsoft.com/azure/role-based-access-control/built-in-roles): a wrong one shows in
   * Azure alone.
   */
  const documented: Readonly<Record<string, string>> = {
    'EventGrid Data Sender': 'd5a91429-5739-47e2-a06b-3470a27159e7',
    'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6',
    'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb',
    'Storage Blob Data Contributor': 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
    'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
    'Storage Blob Delegator': 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a',
    'Storage Queue Data Contributor': '974c5e8b-45b9-4653-ba55-5f855dd0fb88',
    'Storage Queue Data Message Sender': 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a',
  };

  it('is the one that Azure has given it', () => {
    expect(Object.fromEntries([...names].map(([id, name]) => [name, id]))).toEqual(documented);
  });

  it('is the same at every place of the compiled template, which has no other', () => {
    const ids = [...infraText('compiled/main.json').matchAll(/"([A-Z][\w ]+)": "([0-9a-f]{8}-[0-9a-f-]{27})"/g)].map(
      ([, name = '', id]) => [name, id],
    );
    expect(Object.fromEntries(ids)).toEqual(documented);
    for (const [name = '', id] of ids) expect(id, name).toBe(documented[name]);
  });

  it('is what each snapshot predicts, and no other', () => {
    for (const sample of samples) {
      const ids = [...infraText(`main.${sample}.snapshot.json`).matchAll(/roleDefinitions\/([0-9a-f-]{36})/g)].map(
        ([, id]) => id,
      );
      for (const id of new Set(ids)) expect(Object.values(documented), sample).toContain(id);
    }
  });
});

/**
 * Without the Bicep compiler: what was changed in one of the three and not in the others shows here, before
 * `infra/check-bicep.sh` compares them whole.
 */
describe('the roles that the template grants', () => {
  const bicep = [...infraText('main.bicep').matchAll(/role: '([^']+)'/g)].map(([, name]) => name).sort();

  it('are those that the compiled template grants', () => {
    const compiled = [...infraText('compiled/main.json').matchAll(/'role', '([^']+)'|"role": "([A-Z][\w ]+)"/g)]
      .map(([, made, plain]) => made ?? plain)
      .sort();
    expect(compiled).toEqual(bicep);
  });

  it('are those that each snapshot predicts; to send to other regions only where there are some', () => {
    for (const sample of samples) {
      const granted = new Set(
        ofType<Assignment>(predicted(sample), 'Microsoft.Authorization/roleAssignments').map(({ properties }) =>
          names.get(properties.roleDefinitionId.slice(-36)),
        ),
      );
      const isAlone = sample === 'oneregion' || sample === 'privatenetwork';
      expect([...granted].sort(), sample).toEqual(
        bicep.filter((name) => !isAlone || name !== 'Storage Queue Data Message Sender'),
      );
    }
  });
});

describe('what a topic may do', () => {
  it('is to write its dead letters', () => {
    expect(grants(predicted('oneregion'), /topics/)).toEqual(['Storage Blob Data Contributor on work/dead-letters']);
  });
});
