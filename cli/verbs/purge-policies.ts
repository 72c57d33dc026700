import type { components } from '../../generated/api.d.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { dataOf } from '../registry/data.ts';
import { readJsonInput } from '../registry/input.ts';
import { itemsOf } from '../registry/pages.ts';
import type { Verb } from '../verb.ts';
import { dryRunFlag, yesFlag } from '../verb.ts';

type Rules = components['schemas']['PurgePolicyRules'];
type Policy = components['schemas']['PurgePolicy'];

async function showPolicy({ output, world }: Context, found: Policy): Promise<void> {
  await output.one(found, {
    name: found.name,
    lines: [
      ['policy', found.name],
      ['on', found.on ? 'yes' : 'no'],
      ['waits', found.waiting.join(', ')],
      ['rules', JSON.stringify(found.policy)],
    ],
  });
  if (!found.on) await output.say(`it removes nothing before it is approved: ${world.call} purge plan ${found.name}`);
}

export const show: Verb = {
  name: 'show',
  does: 'Shows a policy with its rules',
  takes: '<policy>',
  examples: ['purge show default', 'purge show default -o json'],
  async run(context, given) {
    const api = await (await context.connect()).api;
    await showPolicy(
      context,
      dataOf(await api.GET('/purge/policies/{name}', { params: { path: { name: given.at(0) } } })),
    );
  },
};

export const create: Verb = {
  name: 'create',
  does: 'Makes a policy of the JSON of its rules on the standard input; it removes nothing before it is approved',
  takes: '<policy>',
  notes: ['The rules are those of docs/purge.md; the property "policy" of purge show -o json has such ones.'],
  examples: ['purge create small < policy.json'],
  async run(context, given) {
    const name = given.at(0);
    const body = await readJsonInput<Rules>(context.world, `purge create ${name} < policy.json`);
    const registry = await context.connect();
    for await (const each of itemsOf(registry, '/purge/policies', { query: { limit: 100 } }))
      if (each.name === name)
        throw new Failure(
          `there is a policy ${name} already: ${context.world.call} purge edit ${name} < changes.json changes it`,
        );
    const params = { params: { path: { name } } };
    await showPolicy(context, dataOf(await (await registry.api).PUT('/purge/policies/{name}', { ...params, body })));
  },
};

export const edit: Verb = {
  name: 'edit',
  does: 'Changes a policy by the JSON of what changes on the standard input; null takes a property out',
  takes: '<policy>',
  notes: ['A changed policy is off until its plan is approved again.'],
  examples: ['purge edit small < changes.json'],
  async run(context, given) {
    const name = given.at(0);
    const body = await readJsonInput<components['schemas']['PurgePolicyChange']>(
      context.world,
      `purge edit ${name} < changes.json`,
    );
    const api = await (await context.connect()).api;
    const params = { params: { path: { name } } };
    await showPolicy(context, dataOf(await api.PATCH('/purge/policies/{name}', { ...params, body })));
  },
};

export const remove: Verb = {
  name: 'rm',
  does: 'Deletes a policy: what it has removed stays in the recycle bin',
  takes: '<policy>',
  flags: [yesFlag, dryRunFlag],
  examples: ['purge rm small', 'purge rm small --yes'],
  async run(context, given) {
    const api = await (await context.connect()).api;
    const params = { params: { path: { name: given.at(0) } } };
    const found = dataOf(await api.GET('/purge/policies/{name}', params));
    if (given.has('dryRun'))
      return context.output.one(found, { name: found.name, lines: [['would be deleted', found.name]] });
    await context.confirm(`Delete the policy ${found.name}, which is ${found.on ? 'on' : 'off'}?`, given.has('yes'));
    await api.DELETE('/purge/policies/{name}', params);
    await context.output.one({ deleted: found.name }, { name: found.name, lines: [['deleted', found.name]] });
  },
};
