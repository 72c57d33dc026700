import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { callHelper, configPaths, helperFor, ownHelper, readConfig } from '../kept/docker.ts';
import { hostOf } from '../kept/logins.ts';
import type { Registry } from '../registry/registry.ts';
import { counted } from '../text/words.ts';
import type { Verb } from '../verb.ts';

interface Finding {
  readonly check: string;
  readonly is: 'ok' | 'warning' | 'wrong';
  readonly says: string;
  readonly next?: string;
}

/** The seconds that the clock of this machine may be off: tokens are refused beyond them. */
const clockSeconds = 60;

async function answers(registry: Registry): Promise<Finding> {
  const response = await registry.probe('/v2/', false);
  await response.body?.cancel();
  if (response.status === 200)
    return { check: 'answers', is: 'ok', says: `${registry.origin} answers, and asks nobody for credentials` };
  if (response.status === 401 && /^Bearer /.test(response.headers.get('www-authenticate') ?? ''))
    return { check: 'answers', is: 'ok', says: `${registry.origin} answers, and asks for credentials` };
  return {
    check: 'answers',
    is: 'wrong',
    says: `GET /v2/ is answered with ${response.status}, as no registry does`,
    next: 'check the address, and any proxy before the registry',
  };
}

async function isLongshore(registry: Registry): Promise<Finding> {
  const response = await registry.probe('/api/v1/openapi.json', true);
  const text = await response.text();
  const isOurs = response.ok && text.includes('"openapi"') && text.includes('/webhooks/{name}/listEvents');
  return isOurs
    ? { check: 'is Longshore', is: 'ok', says: 'it has the API that this command speaks' }
    : {
        check: 'is Longshore',
        is: 'wrong',
        says: `GET /api/v1/openapi.json is answered with ${response.status}, and not with Longshore's document`,
        next: 'another registry cannot be steered by this command; a proxy must let /api/v1 through',
      };
}

async function clock({ world }: Context, registry: Registry): Promise<Finding> {
  const response = await registry.probe('/v2/', false);
  await response.body?.cancel();
  const there = Date.parse(response.headers.get('date') ?? '');
  const seconds = Math.round(Math.abs(there - world.now().getTime()) / 1000);
  if (Number.isNaN(there) || seconds <= clockSeconds) return { check: 'clock', is: 'ok', says: 'the clocks agree' };
  return {
    check: 'clock',
    is: 'warning',
    says: `the clocks of this machine and the registry are ${seconds} s apart`,
    next: 'set the clock: tokens begin and end by it',
  };
}

async function rights(registry: Registry): Promise<Finding> {
  const response = await registry.probe('/api/v1/registry', true);
  await response.body?.cancel();
  if (response.ok) return { check: 'rights', is: 'ok', says: 'the management API may be read with these credentials' };
  const next =
    response.status === 401
      ? `run longshore login ${registry.host}`
      : 'ask an administrator for a scope map with management/read, if you need more than push and pull';
  return { check: 'rights', is: 'warning', says: `the management API refuses with ${response.status}`, next };
}

/** Says by which helper docker logs in to the registry, and whether it can be run. */
async function docker({ world }: Context, registry: Registry): Promise<Finding> {
  const check = 'docker';
  for (const path of configPaths(world)) {
    const config = await readConfig(path);
    const helper = config === undefined ? undefined : helperFor(config, hostOf(registry.origin));
    if (helper === undefined) continue;
    const { program, code, printed } = await callHelper(world, helper, 'list', '');
    if (code === 0) return { check, is: 'ok', says: `${path} has ${program} keep the logins` };
    return {
      check,
      is: 'wrong',
      says: `${path} names ${program}, which does not work: ${printed.trim().split('\n')[0] ?? ''}`,
      next:
        helper === ownHelper
          ? 'put docker-credential-longshore on the PATH (docs/cli.md)'
          : 'mend it, or take it out of that file',
    };
  }
  return {
    check,
    is: 'ok',
    says: 'docker keeps logins in its own file, not encrypted; docs/cli.md shows how longshore keeps them for it',
  };
}

/** Makes a finding of a failure: its sentence says what is wrong before the colon, and what to do behind it. */
function wrongAt(check: string): (error: unknown) => Finding {
  return (error) => {
    if (!(error instanceof Failure)) throw error;
    const [says = '', ...next] = error.message.split(': ');
    return { check, is: 'wrong', says, next: next.join(': ') };
  };
}

async function examine(context: Context): Promise<Finding[]> {
  const registry = await context.connect();
  const first = await answers(registry).catch(wrongAt('answers'));
  const local = await docker(context, registry).catch(wrongAt('docker'));
  if (first.is === 'wrong') return [first, local];
  return [first, ...(await Promise.all([isLongshore(registry), clock(context, registry), rights(registry)])), local];
}

export const doctor: Verb = {
  name: 'doctor',
  does: 'Examines the way from this machine to a registry, and says what to mend',
  takes: '[host]',
  notes: ['The exit code is 1 when something is wrong. npm run doctor examines a deployment, and pushes and pulls.'],
  examples: ['doctor', 'doctor registry.example'],
  async run(context, given) {
    const meant = given.args.length === 0 ? context : await context.at(given.at(0));
    const findings = await examine(meant);
    await context.output.list(findings, {
      columns: [
        { title: 'CHECK', text: ({ check }) => check },
        { title: 'IS', isState: true, text: ({ is }) => is },
        { title: 'FOUND', text: ({ says, next }) => (next === undefined ? says : `${says}; next: ${next}`) },
      ],
      nameOf: ({ check, is }) => `${check} ${is}`,
      whenEmpty: 'Nothing was examined.',
    });
    const wrong = findings.filter(({ is }) => is === 'wrong').length;
    if (wrong > 0)
      throw new Failure(`${counted(wrong, 'thing is', 'things are')} wrong: the table says what to do next`);
  },
};
