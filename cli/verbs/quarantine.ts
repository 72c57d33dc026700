import type { components } from '../../generated/api.d.ts';
import type { Context } from '../context.ts';
import { parseImage } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import { manifestsOf } from '../registry/listed.ts';
import { itemsOf } from '../registry/pages.ts';
import { counted, timeOf } from '../text/words.ts';
import type { Given, Verb } from '../verb.ts';
import {
  coveringGiven,
  coveringOf,
  graceFlag,
  graceOf,
  heldTagFlag,
  hoursOf,
  modeFlag,
  modeShort,
  repositoriesFlag,
} from './covering.ts';
import type { Kind } from './kinds.ts';
import { createOf, editOf, lsOf, removeOf, showOf } from './kinds.ts';
import { patternsOf } from './patterns.ts';

type Policy = components['schemas']['QuarantinePolicy'];
type Settings = components['schemas']['QuarantinePolicySettings'];

const backlogOf = ({ backlog }: Policy) => (backlog === 'hold' ? 'held too, until somebody passes it' : 'stays open');

const timeoutOf = ({ timeoutHours = 0, onTimeout }: Policy) =>
  `after ${counted(timeoutHours, 'hour')}, and then it ${onTimeout === 'fail' ? 'has failed' : 'waits on'}`;

const kind: Kind<Policy> = {
  group: 'quarantine-policies',
  one: 'quarantine policy',
  takes: '<policy>',
  example: 'wait',
  all: (registry) => itemsOf(registry, '/quarantine/policies', { query: { limit: 100 } }),
  get: async (api, name) => dataOf(await api.GET('/quarantine/policies/{name}', { params: { path: { name } } })),
  list: {
    columns: [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'MODE', isState: true, text: ({ mode }) => mode },
      { title: 'REPOSITORIES', mayShrink: true, text: ({ repositories }) => patternsOf(repositories) },
      { title: 'BACKLOG', text: ({ backlog }) => backlog },
    ],
    nameOf: ({ name }) => name,
    whenEmpty: "There is no quarantine policy: quarantine-policies create NAME --repositories 'prod/**' makes one.",
  },
  linesOf: (policy) => [
    ['quarantine policy', policy.name],
    ['mode', policy.mode],
    ['repositories', patternsOf(policy.repositories)],
    ['what was there before', backlogOf(policy)],
    ['told of the push', policy.pushEvent === 'after-passed' ? 'once the image has passed' : 'at once'],
    ['times out', policy.timeoutHours === undefined ? undefined : timeoutOf(policy)],
    ['grace', graceOf(policy)],
    ['changed', timeOf(policy.updatedAt)],
  ],
};

async function settingsOf(given: Given): Promise<Settings | undefined> {
  const backlog = given.text('backlog') as Settings['backlog'] | undefined;
  const pushEvent = given.text('pushEvent') as Settings['pushEvent'] | undefined;
  const own = [backlog, pushEvent, given.text('timesOut')];
  if ([...own, ...coveringGiven(given)].every((value) => value === undefined)) return Promise.resolve(undefined);
  const timeoutHours = hoursOf(given, 'times-out');
  return Promise.resolve({
    ...coveringOf(given),
    backlog: backlog ?? 'open',
    pushEvent: pushEvent ?? 'at-once',
    onTimeout: 'alert',
    ...(timeoutHours === undefined ? {} : { timeoutHours }),
  });
}

export const quarantinePolicies: Verb = {
  name: 'quarantine-policies',
  does: 'Shows, makes and deletes the policies by which images wait until somebody passes them',
  verbs: [
    lsOf(kind, 'Lists the quarantine policies'),
    showOf(kind, 'Shows a quarantine policy'),
    createOf<Policy, Settings>(kind, {
      does: 'Makes a quarantine policy of flags, or of the JSON of its settings on the standard input',
      short: {
        flags: [
          repositoriesFlag,
          modeFlag,
          {
            flags: '--backlog <state>',
            says: 'open or hold: what is done with images that were there before (open)',
            choices: ['open', 'hold'],
          },
          {
            flags: '--push-event <when>',
            says: 'at-once, or after-passed as in ACR: when webhooks are told of the push (at-once)',
            choices: ['at-once', 'after-passed'],
          },
          { flags: '--times-out <hours>', says: 'tells, once an image has waited for so long' },
          graceFlag,
          heldTagFlag,
        ],
        examples: ["quarantine-policies create wait --repositories 'prod/**' --mode enforce"],
        body: settingsOf,
      },
      notes: [
        'The mode is audit unless --mode says otherwise. Without flags the JSON is read, as PUT ' +
          '/api/v1/quarantine/policies/{name} takes it (docs/trust.md).',
      ],
      put: async (api, name, body) =>
        dataOf(await api.PUT('/quarantine/policies/{name}', { params: { path: { name } }, body })),
    }),
    editOf(
      kind,
      async (api, name, body: components['schemas']['QuarantinePolicyChange']) =>
        dataOf(await api.PATCH('/quarantine/policies/{name}', { params: { path: { name } }, body })),
      modeShort(kind.group, kind.example),
    ),
    removeOf(kind, {
      does: 'Deletes a quarantine policy: what it alone holds is released',
      loses: (policy) => `What it alone holds of ${patternsOf(policy.repositories)} is released.`,
      remove: (api, name) => api.DELETE('/quarantine/policies/{name}', { params: { path: { name } } }),
    }),
  ],
};

const details = { flags: '--details <text>', says: 'the report, or where it is, which why shows' } as const;

/** Marks every manifest of an image; the image itself is last, so that it opens when all of it is open. */
async function mark(context: Context, given: Given, state: 'Passed' | 'Failed'): Promise<void> {
  const image = parseImage(given.at(0));
  const registry = await context.connect(image);
  const { digest, children } = await manifestsOf(registry, image);
  const text = given.text('details');
  const body = JSON.stringify({
    quarantineState: state,
    ...(text === undefined ? {} : { quarantineDetails: text }),
  });
  for (const each of [...children, digest])
    await registry.patchJson(`/acr/v1/${image.repository}/_manifests/${each}`, body);
  const name = `${image.repository}@${digest}`;
  await context.output.one(
    { repository: image.repository, digest, quarantineState: state, manifests: children.length + 1 },
    {
      name,
      lines: [
        ['image', name],
        ['state', state.toLowerCase()],
        ['manifests', children.length === 0 ? undefined : `${counted(children.length + 1, 'manifest')} of the image`],
      ],
    },
  );
}

export const quarantine: Verb = {
  name: 'quarantine',
  does: 'Passes images that wait in quarantine, or marks them as failed',
  verbs: [
    {
      name: 'pass',
      does: 'Passes an image, with all that it lists: no quarantine policy holds it any more',
      takes: '<image>',
      flags: [details],
      notes: ['It takes quarantine/write of the repository. longshore held lists what waits.'],
      examples: ['quarantine pass prod/app:1', 'quarantine pass prod/app:1 --details "tests of 2026-12-01"'],
      run: (context, given) => mark(context, given, 'Passed'),
    },
    {
      name: 'fail',
      does: 'Marks an image as failed, with all that it lists: quarantine policies hold it',
      takes: '<image>',
      flags: [details],
      examples: ['quarantine fail prod/app:1 --details "it does not start"'],
      run: (context, given) => mark(context, given, 'Failed'),
    },
  ],
};
