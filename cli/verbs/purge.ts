import type { components } from '../../generated/api.d.ts';
import type { Context } from '../context.ts';
import { Failure, usageFailure } from '../failure.ts';
import type { List } from '../output.ts';
import { nameOfImage, parseImage } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import type { Registry } from '../registry/registry.ts';
import { bytesOf, counted, shortDigest, timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';
import { dryRunFlag, yesFlag } from '../verb.ts';
import { create, edit, remove, show } from './purge-policies.ts';

type Plan = components['schemas']['PurgePlan'];
type Item = Plan['items'][number];

const items: List<Item> = {
  columns: [
    {
      title: 'REMOVES',
      mayShrink: true,
      text: ({ repository, tag, digest }) =>
        tag === undefined ? `${repository}@${shortDigest(digest)}` : `${repository}:${tag}`,
      raw: nameOfImage,
    },
    { title: 'SIZE', isNumber: true, text: ({ bytes }) => bytesOf(bytes), raw: ({ bytes }) => bytes },
    { title: 'PUSHED', text: ({ evidence }) => timeOf(evidence.pushedAt), raw: ({ evidence }) => evidence.pushedAt },
    { title: 'LAST PULL', text: ({ evidence }) => timeOf(evidence.lastPull), raw: ({ evidence }) => evidence.lastPull },
    { title: 'RULE', text: ({ rule }) => rule },
    { title: 'WHY', mayShrink: true, text: ({ why }) => why },
    { title: 'OUTCOME', mayShrink: true, text: ({ outcome }) => outcome },
  ],
  nameOf: nameOfImage,
  whenEmpty: 'The policy would remove nothing now.',
};

/** A plan may take so many looks until the registry has read all that it needs. */
const looks = 120;
const lookPauseMs = 1_000;

async function makePlan(context: Context, registry: Registry, policy: string): Promise<Plan> {
  const api = await registry.api;
  const params = { params: { path: { name: policy } } };
  for (let look = 0; look < looks; look++) {
    const answer = dataOf(await api.POST('/purge/policies/{name}/plan', params));
    if ('hash' in answer) return answer;
    await context.progress(`${answer.why}…`);
    await context.world.pause(lookPauseMs, context.world.interrupted);
  }
  throw new Failure(`the registry still looks at what ${policy} is about: run the same command again later`);
}

/** Yields all items of the current plan, which is read in pages. */
function planItems(registry: Registry, policy: string): AsyncGenerator<Item> {
  return itemsOf(registry, '/purge/policies/{name}/plan', { path: { name: policy } });
}

function sentenceOf({ manifests, tags, bytes, kept, state }: Plan): string {
  return `${counted(manifests, 'manifest')} and ${counted(tags, 'tag')} with ${bytesOf(bytes)}; ${kept} kept by rules; ${state}`;
}

function currentPlan(registry: Registry, policy: string): Promise<Plan> {
  return registry.api.then(async (api) =>
    dataOf(await api.GET('/purge/policies/{name}/plan', { params: { path: { name: policy } } })),
  );
}

const plan: Verb = {
  name: 'plan',
  does: 'Plans what a policy would remove now, and removes nothing',
  takes: '<policy>',
  flags: [{ flags: '--current', says: 'shows the plan that there is, and makes none' }],
  notes: ['The JSON is the plan, with all of its items. Approve it by its hash: longshore purge approve POLICY HASH.'],
  examples: ['purge plan default', 'purge plan default --current -o json'],
  async run(context, given) {
    const { output } = context;
    const [registry, policy] = [await context.connect(), given.at(0)];
    const made = given.has('current') ? await currentPlan(registry, policy) : await makePlan(context, registry, policy);
    await context.progress('');
    if (output.format === 'json') {
      const all: Item[] = [];
      for await (const item of planItems(registry, policy)) all.push(item);
      const { nextLink: _, ...whole } = { ...made, items: all };
      return output.one(whole, { lines: [], name: made.hash });
    }
    await output.list(planItems(registry, policy), items);
    await output.say(`\n${sentenceOf(made)}`.trimStart());
    for (const over of made.over)
      await output.say(`the brake holds it: ${over.going} of ${over.of} ${over.what} of ${over.repository} would go`);
    if (made.state === 'awaiting' && made.manifests + made.tags > 0)
      await output.say(`approve it: ${context.world.call} purge approve ${policy} ${made.hash}`);
  },
};

const approve: Verb = {
  name: 'approve',
  does: 'Approves the plan of a policy by its hash, so that it is carried out',
  takes: '<policy> [hash]',
  flags: [
    { flags: '--switch-on', says: 'approves a plan that removes nothing, too, so that the policy is on' },
    yesFlag,
    dryRunFlag,
  ],
  notes: [
    'Without a hash you are asked about the current plan. What a plan removes lies in the recycle bin.',
    'Afterwards the policy is on: it runs by its schedule, and approves its own plans that are below its brake.',
  ],
  examples: ['purge approve default', 'purge approve default HASH --yes'],
  async run(context, given) {
    const { output } = context;
    const [registry, policy] = [await context.connect(), given.at(0)];
    const shown = await currentPlan(registry, policy);
    const hash = given.args[1] ?? shown.hash;
    if (given.args[1] === undefined && given.has('yes'))
      throw usageFailure(
        `--yes needs the hash of the plan that you have seen: ${context.world.call} purge plan ${policy} --current shows it at its end`,
      );
    if (given.has('dryRun')) return output.list(planItems(registry, policy), items);
    await context.confirm(`${policy} removes ${sentenceOf(shown)}. Approve it?`, given.has('yes'));
    const api = await registry.api;
    const body = { hash, ...(given.has('switchOn') ? { switchOn: true } : {}) };
    const approved = dataOf(
      await api.POST('/purge/policies/{name}/plan/approve', { params: { path: { name: policy } }, body }),
    );
    await output.one(approved, {
      name: approved.hash,
      lines: [
        ['policy', approved.policy],
        ['state', approved.state],
        ['removes', sentenceOf(approved)],
      ],
    });
  },
};

const explain: Verb = {
  name: 'explain',
  does: 'Says for each policy whether it removes or keeps an image, and why',
  takes: '<image>',
  examples: ['purge explain team/app:1', 'purge explain team/app:1 -o json'],
  async run({ connect, output }, given) {
    const image = parseImage(given.at(0));
    const api = await (await connect(image)).api;
    const explained = dataOf(await api.GET('/purge/explain', { params: { query: { image: nameOfImage(image) } } }));
    if (output.format === 'json') return output.one(explained, { lines: [], name: '' });
    const rows = explained.policies.flatMap(({ policy, on, manifest, tags }) => [
      { policy, on, about: shortDigest(explained.digest), ...manifest },
      ...tags.map((tag) => ({ policy, on, about: `${explained.repository}:${tag.tag}`, ...tag })),
    ]);
    await output.list(rows, {
      columns: [
        { title: 'POLICY', text: ({ policy, on }) => (on ? policy : `${policy} (off)`) },
        { title: 'ABOUT', mayShrink: true, text: ({ about }) => about },
        { title: 'VERDICT', text: ({ verdict }) => verdict },
        { title: 'DUE', text: ({ dueAt }) => timeOf(dueAt), raw: ({ dueAt }) => dueAt },
        { title: 'WHY', mayShrink: true, text: ({ why }) => why },
      ],
      nameOf: ({ policy, verdict }) => `${policy} ${verdict}`,
      whenEmpty: 'There is no purge policy, so nothing is ever removed by one.',
    });
  },
};

const ls: Verb = {
  name: 'ls',
  does: 'Lists the purge policies',
  examples: ['purge ls'],
  async run({ connect, output }) {
    await output.list(itemsOf(await connect(), '/purge/policies', { query: { limit: 100 } }), {
      columns: [
        { title: 'POLICY', text: ({ name }) => name },
        { title: 'ON', isState: true, text: ({ on }) => (on ? 'yes' : 'no') },
        { title: 'NEXT RUN', text: ({ nextRunAt }) => timeOf(nextRunAt), raw: ({ nextRunAt }) => nextRunAt },
        { title: 'WAITS', mayShrink: true, text: ({ waiting }) => waiting.join(', ') },
      ],
      nameOf: ({ name }) => name,
      whenEmpty: 'There is no purge policy: purge create NAME < policy.json makes one.',
    });
  },
};

const stop: Verb = {
  name: 'stop',
  does: 'Stops a policy: it removes nothing more until a plan of it is approved again',
  takes: '<policy>',
  examples: ['purge stop default'],
  async run({ connect, output }, given) {
    const api = await (await connect()).api;
    const stopped = dataOf(await api.POST('/purge/policies/{name}/stop', { params: { path: { name: given.at(0) } } }));
    await output.one(stopped, {
      name: stopped.name,
      lines: [
        ['policy', stopped.name],
        ['on', stopped.on ? 'yes' : 'no'],
      ],
    });
  },
};

export const purge: Verb = {
  name: 'purge',
  does: 'Makes purge policies, and shows, approves and stops what they remove',
  verbs: [ls, show, plan, approve, explain, stop, create, edit, remove],
};
