import type { components } from '../../generated/api.d.ts';
import { Failure, usageFailure } from '../failure.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import { timeOf } from '../text/words.ts';
import type { Given, Verb } from '../verb.ts';
import {
  coveringGiven,
  coveringOf,
  graceFlag,
  graceOf,
  heldTagFlag,
  modeFlag,
  modeShort,
  repositoriesFlag,
} from './covering.ts';
import type { Kind } from './kinds.ts';
import { createOf, editOf, lsOf, removeOf, showOf, showThing } from './kinds.ts';
import { patternsOf } from './patterns.ts';

type Scanner = components['schemas']['Scanner'];
type Policy = components['schemas']['ScanPolicy'];
type PolicySettings = components['schemas']['ScanPolicySettings'];
type Exception = components['schemas']['ScanException'];
type ExceptionSettings = components['schemas']['ScanExceptionSettings'];

function checkOf({ check }: Scanner): string {
  if (check === undefined) return 'not asked yet';
  if (check.failure !== undefined) return `failed: ${check.failure}`;
  return check.scanner === undefined ? 'ok' : `${check.scanner.name} ${check.scanner.version}`;
}

const scanner: Kind<Scanner> = {
  group: 'scanners',
  one: 'scanner',
  takes: '<scanner>',
  example: 'trivy',
  all: (registry) => itemsOf(registry, '/scanning/scanners', { query: { limit: 100 } }),
  get: async (api, name) => dataOf(await api.GET('/scanning/scanners/{name}', { params: { path: { name } } })),
  list: {
    columns: [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'URL', mayShrink: true, text: ({ url }) => url },
      { title: 'ANSWER', mayShrink: true, text: checkOf },
      {
        title: 'DATABASE OF',
        text: ({ check }) => timeOf(check?.databaseUpdatedAt),
        raw: ({ check }) => check?.databaseUpdatedAt,
      },
    ],
    nameOf: ({ name }) => name,
    whenEmpty: 'There is no scanner: scanners create NAME < scanner.json registers one.',
  },
  linesOf: (each) => [
    ['scanner', each.name],
    ['url', each.url],
    ['authentication', `${each.authentication.type}${each.hasSecret ? ', with a secret that is kept' : ''}`],
    ['answer', checkOf(each)],
    ['asked', timeOf(each.check?.at)],
    ['database of', timeOf(each.check?.databaseUpdatedAt)],
    ...(each.check?.notes ?? []).map((note) => ['note', note] as const),
    ['changed', timeOf(each.updatedAt)],
  ],
};

const check: Verb = {
  name: 'check',
  does: 'Asks a scanner what it is and can do, now',
  takes: scanner.takes,
  examples: ['scanners check trivy'],
  async run(context, given) {
    const api = await (await context.connect()).api;
    const path = { name: given.at(0) };
    const asked = dataOf(await api.POST('/scanning/scanners/{name}/check', { params: { path } }));
    await showThing(context, scanner, asked);
    if (asked.check?.failure !== undefined) throw new Failure(`${asked.name} gave no answer: ${asked.check.failure}`);
  },
};

export const scanners: Verb = {
  name: 'scanners',
  does: 'Shows, registers and deletes the scanners, and asks what they are',
  verbs: [
    lsOf(scanner, 'Lists the scanners, with what each answered last'),
    showOf(scanner, 'Shows a scanner'),
    createOf<Scanner, components['schemas']['ScannerSettings']>(scanner, {
      does: 'Registers a scanner of the JSON of its settings on the standard input',
      notes: [
        'The JSON is as PUT /api/v1/scanning/scanners/{name} takes it, as in {"url": "https://trivy.example", ' +
          '"authentication": {"type": "bearer", "secret": "…"}}. Its secret is kept, and shown to nobody.',
      ],
      put: async (api, name, body) =>
        dataOf(await api.PUT('/scanning/scanners/{name}', { params: { path: { name } }, body })),
    }),
    check,
    removeOf(scanner, {
      does: 'Deletes a scanner: its reports stay, its scans end',
      loses: () => 'Its scans that wait or are under way end.',
      remove: (api, name) => api.DELETE('/scanning/scanners/{name}', { params: { path: { name } } }),
    }),
  ],
};

const blocksOf = ({ block }: Policy) =>
  [
    `${block.severity} and worse`,
    ...(block.onlyFixable ? ['with a fix'] : []),
    ...(block.fixableForDays === undefined ? [] : [`with a fix for ${block.fixableForDays} days`]),
    ...(block.cvss === undefined ? [] : [`CVSS from ${block.cvss}`]),
  ].join(', ');

const policy: Kind<Policy> = {
  group: 'scan-policies',
  one: 'scan policy',
  takes: '<policy>',
  example: 'no-critical',
  all: (registry) => itemsOf(registry, '/scanning/policies', { query: { limit: 100 } }),
  get: async (api, name) => dataOf(await api.GET('/scanning/policies/{name}', { params: { path: { name } } })),
  list: {
    columns: [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'MODE', isState: true, text: ({ mode }) => mode },
      { title: 'REPOSITORIES', mayShrink: true, text: ({ repositories }) => patternsOf(repositories) },
      { title: 'BLOCKS', mayShrink: true, text: blocksOf },
    ],
    nameOf: ({ name }) => name,
    whenEmpty: "There is no scan policy: scan-policies create NAME --repositories 'prod/**' makes one.",
  },
  linesOf: (each) => [
    ['scan policy', each.name],
    ['mode', each.mode],
    ['repositories', patternsOf(each.repositories)],
    ['blocks', blocksOf(each)],
    ['grace', graceOf(each)],
    ['backlog', each.backlog],
    ['scanner', each.scanner],
    ['changed', timeOf(each.updatedAt)],
  ],
};

const severities = ['unknown', 'negligible', 'low', 'medium', 'high', 'critical'] as const;

async function policyOf(given: Given): Promise<PolicySettings | undefined> {
  const severity = given.text('severity') as (typeof severities)[number] | undefined;
  const onlyFixable = given.has('onlyFixable');
  const isJson = [severity, ...coveringGiven(given)].every((value) => value === undefined);
  if (isJson && !onlyFixable) return undefined;
  return Promise.resolve({
    ...coveringOf(given),
    block: { severity: severity ?? 'critical', onlyFixable },
    unscannable: 'pass',
    backlog: 'open',
    scanOnPush: true,
    vexFrom: [],
  });
}

export const scanPolicies: Verb = {
  name: 'scan-policies',
  does: 'Shows, makes and deletes the policies on what scanners find',
  verbs: [
    lsOf(policy, 'Lists the scan policies: what they cover, and what they block'),
    showOf(policy, 'Shows a scan policy'),
    createOf<Policy, PolicySettings>(policy, {
      does: 'Makes a scan policy of flags, or of the JSON of its settings on the standard input',
      short: {
        flags: [
          { flags: '--severity <severity>', says: 'the least severity that blocks (critical)', choices: severities },
          { flags: '--only-fixable', says: 'only what has a fix blocks' },
          repositoriesFlag,
          modeFlag,
          graceFlag,
          heldTagFlag,
        ],
        examples: ["scan-policies create no-critical --repositories 'prod/**' --only-fixable --mode audit"],
        body: policyOf,
      },
      notes: [
        'The mode is audit unless --mode says otherwise. Without flags the JSON is read, as PUT ' +
          '/api/v1/scanning/policies/{name} takes it: it has graces, ages, scanners, and exclusions.',
      ],
      put: async (api, name, body) =>
        dataOf(await api.PUT('/scanning/policies/{name}', { params: { path: { name } }, body })),
    }),
    editOf(
      policy,
      async (api, name, body: components['schemas']['ScanPolicyChange']) =>
        dataOf(await api.PATCH('/scanning/policies/{name}', { params: { path: { name } }, body })),
      modeShort(policy.group, policy.example),
    ),
    removeOf(policy, {
      does: 'Deletes a scan policy: what it alone holds is released',
      loses: ({ repositories }) => `What it alone holds of ${patternsOf(repositories)} is released.`,
      remove: (api, name) => api.DELETE('/scanning/policies/{name}', { params: { path: { name } } }),
    }),
  ],
};

const exception: Kind<Exception> = {
  group: 'exceptions',
  one: 'exception',
  takes: '<exception>',
  example: 'openssl-until-june',
  all: (registry) => itemsOf(registry, '/scanning/exceptions', { query: { limit: 100 } }),
  get: async (api, name) => dataOf(await api.GET('/scanning/exceptions/{name}', { params: { path: { name } } })),
  list: {
    columns: [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'VULNERABILITY', text: ({ vulnerability }) => vulnerability },
      { title: 'REPOSITORIES', mayShrink: true, text: ({ repositories }) => patternsOf(repositories) },
      { title: 'STATE', isState: true, text: ({ isExpired }) => (isExpired ? 'expired' : 'active') },
      { title: 'UNTIL', text: ({ expiresAt }) => timeOf(expiresAt), raw: ({ expiresAt }) => expiresAt },
      { title: 'OWNER', mayShrink: true, text: ({ owner }) => owner },
      { title: 'WHY', mayShrink: true, text: ({ reason }) => reason },
    ],
    nameOf: ({ name }) => name,
    whenEmpty: 'There is no exception: exceptions create NAME --vulnerability CVE-… makes one.',
  },
  linesOf: (each) => [
    ['exception', each.name],
    ['vulnerability', each.vulnerability],
    ['package', each.package],
    ['repositories', patternsOf(each.repositories)],
    ['until', timeOf(each.expiresAt)],
    ['state', each.isExpired ? 'expired' : 'active'],
    ['owner', each.owner],
    ['why', each.reason],
    ['written by', each.by],
  ],
};

async function exceptionOf(given: Given): Promise<ExceptionSettings | undefined> {
  const names = ['vulnerability', 'package', 'owner', 'reason', 'until'] as const;
  const [vulnerability, onlyIn, owner, reason, until] = names.map((name) => given.text(name));
  const isJson = [vulnerability, onlyIn, owner, reason, until].every((value) => value === undefined);
  if (isJson) return undefined;
  if (vulnerability === undefined || owner === undefined || reason === undefined || until === undefined)
    throw usageFailure('an exception has all of --vulnerability, --owner, --reason and --until');
  const ends = new Date(until);
  if (Number.isNaN(ends.getTime())) throw usageFailure('--until must be a time, as in 2026-06-30');
  const { repositories } = coveringOf(given);
  return Promise.resolve({
    vulnerability,
    ...(onlyIn === undefined ? {} : { package: onlyIn }),
    repositories,
    owner,
    reason,
    expiresAt: ends.toISOString(),
  });
}

export const exceptions: Verb = {
  name: 'exceptions',
  does: 'Shows, makes and deletes the exceptions for vulnerabilities, each with an owner and an end',
  verbs: [
    lsOf(exception, 'Lists the exceptions, those that have ended as well'),
    showOf(exception, 'Shows an exception'),
    createOf<Exception, ExceptionSettings>(exception, {
      does: 'Makes an exception of flags, or of the JSON of its settings on the standard input',
      short: {
        flags: [
          { flags: '--vulnerability <id>', says: 'the vulnerability, as in CVE-2026-1234' },
          { flags: '--package <pattern>', says: 'the packages in which it is accepted (all)' },
          repositoriesFlag,
          { flags: '--owner <name>', says: 'the person or team that answers for it' },
          { flags: '--reason <text>', says: 'the reason why it is accepted' },
          { flags: '--until <time>', says: 'when it ends, as in 2026-06-30' },
        ],
        examples: [
          "exceptions create openssl-until-june --vulnerability CVE-2026-1234 --repositories 'prod/**' --owner web " +
            '--reason "not reachable" --until 2026-06-30',
        ],
        body: exceptionOf,
      },
      notes: ['Without flags the JSON is read, as PUT /api/v1/scanning/exceptions/{name} takes it.'],
      put: async (api, name, body) =>
        dataOf(await api.PUT('/scanning/exceptions/{name}', { params: { path: { name } }, body })),
    }),
    removeOf(exception, {
      does: 'Deletes an exception: what it alone kept open is judged anew',
      loses: ({ vulnerability }) => `${vulnerability} blocks again.`,
      remove: (api, name) => api.DELETE('/scanning/exceptions/{name}', { params: { path: { name } } }),
    }),
  ],
};
