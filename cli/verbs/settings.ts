import type { components } from '../../generated/api.d.ts';
import type { Context } from '../context.ts';
import { usageFailure } from '../failure.ts';
import { dataOf } from '../registry/data.ts';
import type { Api } from '../registry/registry.ts';
import type { Given, Verb } from '../verb.ts';
import { dryRunFlag } from '../verb.ts';

type SoftDelete = components['schemas']['SoftDelete'];
type Sku = components['schemas']['Registry']['sku'];

interface Settings {
  readonly registry: components['schemas']['Registry'];
  readonly softDelete: SoftDelete;
  readonly anonymousPull: readonly string[];
}

async function read(api: Api): Promise<Settings> {
  const [registry, softDelete, anonymous] = await Promise.all([
    api.GET('/registry'),
    api.GET('/soft-delete'),
    api.GET('/anonymous'),
  ]);
  return {
    registry: dataOf(registry),
    softDelete: dataOf(softDelete),
    anonymousPull: dataOf(anonymous).repositories,
  };
}

async function showSettings({ output }: Context, { registry, softDelete, anonymousPull }: Settings): Promise<void> {
  await output.one(
    { registry, softDelete, anonymousPull },
    {
      name: registry.name,
      lines: [
        ['registry', registry.name],
        ['sku', registry.sku],
        ['soft delete', onOff(softDelete.enabled)],
        ['retention', `${softDelete.retentionDays} days`],
        ['restore on pull', onOff(softDelete.restoreOnPull)],
        ['anonymous pull', anonymousPull.length === 0 ? 'none' : anonymousPull.join(', ')],
      ],
    },
  );
}

function onOff(is: boolean): string {
  return is ? 'on' : 'off';
}

const show: Verb = {
  name: 'show',
  does: 'Shows the settings of the registry: its SKU, its recycle bin, and who may pull without credentials',
  examples: ['settings show', 'settings show -o json'],
  async run(context) {
    await showSettings(context, await read(await (await context.connect()).api));
  },
};

/** Returns what the flags change; what they do not name stays as it is. */
function changed(given: Given, before: Settings): { softDelete: SoftDelete; anonymousPull: string[]; sku: Sku } {
  const days = given.text('retentionDays');
  if (days !== undefined && !/^\d{1,5}$/.test(days)) throw usageFailure('--retention-days must be a number, as in 14');
  const [soft, restore, pull] = [given.text('softDelete'), given.text('restoreOnPull'), given.text('anonymousPull')];
  const { softDelete } = before;
  return {
    sku: (given.text('sku') as Sku | undefined) ?? before.registry.sku,
    softDelete: {
      enabled: soft === undefined ? softDelete.enabled : soft === 'on',
      retentionDays: days === undefined ? softDelete.retentionDays : Number(days),
      restoreOnPull: restore === undefined ? softDelete.restoreOnPull : restore === 'on',
    },
    anonymousPull: pull === undefined ? [...before.anonymousPull] : pull === 'none' ? [] : pull.split(','),
  };
}

const flags = [
  {
    flags: '--sku <sku>',
    says: 'basic, standard or premium: its rate limits',
    choices: ['basic', 'standard', 'premium'],
  },
  {
    flags: '--soft-delete <state>',
    says: 'on or off: what is deleted goes to the recycle bin',
    choices: ['on', 'off'],
  },
  { flags: '--retention-days <days>', says: 'how long the recycle bin keeps what is deleted' },
  {
    flags: '--restore-on-pull <state>',
    says: 'on or off: a pull restores what a policy deleted',
    choices: ['on', 'off'],
  },
  { flags: '--anonymous-pull <repositories>', says: 'who may be pulled without credentials, by commas; none ends it' },
] as const;

async function change(context: Context, given: Given): Promise<void> {
  const api = await (await context.connect()).api;
  const before = await read(api);
  const { softDelete, anonymousPull, sku } = changed(given, before);
  const is = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  const [isSku, isSoft, isPull] = [
    sku === before.registry.sku,
    is(softDelete, before.softDelete),
    is(anonymousPull, before.anonymousPull),
  ];
  if (isSku && isSoft && isPull)
    throw usageFailure(`nothing would change: give one of ${flags.map((flag) => flag.flags.split(' ')[0]).join(', ')}`);
  if (given.has('dryRun'))
    return showSettings(context, { registry: { ...before.registry, sku }, softDelete, anonymousPull });
  if (!isSku) await api.PATCH('/registry', { body: { sku } });
  if (!isSoft) await api.PUT('/soft-delete', { body: softDelete });
  if (!isPull) await api.PUT('/anonymous', { body: { repositories: anonymousPull } });
  await showSettings(context, await read(api));
}

const set: Verb = {
  name: 'set',
  does: 'Changes settings of the registry; those that are not named stay',
  flags: [...flags, dryRunFlag],
  examples: [
    'settings set --retention-days 30',
    'settings set --anonymous-pull public/*,base --dry-run',
    'settings set --soft-delete off',
  ],
  run: change,
};

export const settings: Verb = {
  name: 'settings',
  does: 'Shows and changes the settings of the registry',
  verbs: [show, set],
};
