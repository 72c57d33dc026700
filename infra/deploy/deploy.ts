import { fileURLToPath } from 'node:url';
import type { Arguments } from './arguments.ts';
import { checkedSubscription, must, outputsOf } from './az.ts';
import type { Run } from './run.ts';
import { DeployFailure } from './run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface DeployPorts {
  readonly run: Run;
  /** Makes the package and returns the path of its zip. */
  readonly pack: () => Promise<string>;
  readonly smoke: (loginServer: string) => Promise<void>;
  readonly say: (line: string) => void;
  readonly pause: (ms: number) => Promise<void>;
}

/**
 * Deploys. Each step may be repeated: after the cause of a stop is corrected, the same command goes on. Returns the
 * login server; nothing with `whatIf`.
 */
export async function deploy(wanted: Arguments, ports: DeployPorts): Promise<string | undefined> {
  const { run, say } = ports;
  say('az …');
  const { id, name } = await checkedSubscription(run, wanted.subscription);
  const at = ['--resource-group', wanted.resourceGroup, '--subscription', id];
  say(`subscription ${name}, resource group ${wanted.resourceGroup}`);
  await requireGroup(run, wanted, id);
  if (wanted.whatIf) {
    await sayWhatWouldChange(ports, wanted, at);
    return undefined;
  }
  say('building the package …');
  const zip = await ports.pack();
  const outputs = await makeResources(ports, wanted, at);
  for (const site of outputs.sites) {
    say(`deploying the code to ${site} …`);
    // Flex Consumption makes a package deployment of this, and Premium a zip deployment.
    await patiently(
      ports,
      ['functionapp', 'deployment', 'source', 'config-zip', ...at, '--name', site, '--src', zip],
      'the resources exist, the code is not deployed: run the same command again',
    );
  }
  await subscribe(ports, outputs, at);
  say('testing it …');
  await ports.smoke(outputs.loginServer);
  if (outputs.dataPlane === 'functions') say(functionsAlone(outputs.largestBody));
  return outputs.loginServer;
}

const groupDeployment = (verb: 'create' | 'what-if', at: readonly string[], name: string) => [
  ...['deployment', 'group', verb],
  ...at,
  ...['--name', name],
];

async function sayWhatWouldChange(
  { run, say }: DeployPorts,
  { parameters }: Arguments,
  at: readonly string[],
): Promise<void> {
  const changes = await must(
    run,
    'az',
    [...groupDeployment('what-if', at, 'longshore'), '--parameters', parameters],
    'correct the parameters; no resource was changed',
  );
  say(changes);
  say('Then the code and the event subscriptions would be deployed. No resource was changed.');
}

async function makeResources({ run, say }: DeployPorts, wanted: Arguments, at: readonly string[]) {
  say('deploying the resources: the first time this takes ten minutes or more …');
  const made = await must(
    run,
    'az',
    [...groupDeployment('create', at, 'longshore'), '--parameters', wanted.parameters, '--output', 'json'],
    `"az deployment operation group list --resource-group ${wanted.resourceGroup} --name longshore" ` +
      'shows the error; then run the same command again',
  );
  return outputsOf(made);
}

async function subscribe(
  ports: DeployPorts,
  outputs: ReturnType<typeof outputsOf>,
  at: readonly string[],
): Promise<void> {
  ports.say('creating the event subscriptions …');
  const lists = ['sites', 'topicIds', 'workStorageIds'] as const;
  const parameters = lists.map((list) => `${list}=${JSON.stringify(outputs[list])}`);
  await patiently(
    ports,
    [
      ...groupDeployment('create', at, 'longshore-subscriptions'),
      ...['--template-file', `${root}infra/subscriptions.bicep`],
      ...['--parameters', ...parameters],
      ...['--output', 'json'],
    ],
    'resources and code are deployed, but events are not delivered: run the same command again',
  );
}

/** Warns of a deployment that works until somebody pushes a large layer. */
function functionsAlone(largestBody: number): string {
  return (
    'Careful: the Function Apps receive uploads themselves. Their host holds a body in memory four ' +
    `times before the app gets it, so a layer above ${Math.floor(largestBody / 1024 ** 2)} MiB is ` +
    'answered with 500, and several smaller ones at once can end an instance and all its ' +
    'requests.\nNext: if layers are larger, set dataPlane to containerApp and image to the image of ' +
    'the Dockerfile (docs/deploy.md)'
  );
}

async function requireGroup(
  run: Run,
  { resourceGroup, location, whatIf }: Arguments,
  subscription: string,
): Promise<void> {
  const exists =
    (
      await must(
        run,
        'az',
        ['group', 'exists', '--name', resourceGroup, '--subscription', subscription],
        'check that you may read the subscription',
      )
    ).trim() === 'true';
  if (exists) return;
  if (whatIf || location === undefined)
    throw new DeployFailure(
      `there is no resource group ${resourceGroup}.\nNext: ` +
        (whatIf ? 'create it; all resources would be new' : 'add --location REGION to create it'),
    );
  await must(
    run,
    'az',
    [
      'group',
      'create',
      '--name',
      resourceGroup,
      '--location',
      location,
      '--subscription',
      subscription,
      '--output',
      'json',
    ],
    'check that you may create resource groups, and that the region exists',
  );
}

/** Repeats a command: a role may need minutes until it holds everywhere, and a function until Event Grid finds it. */
async function patiently({ run, say, pause }: DeployPorts, args: readonly string[], next: string): Promise<void> {
  for (let again = 5; ; again--) {
    try {
      await must(run, 'az', args, next);
      return;
    } catch (error) {
      if (
        again === 0 ||
        !(error instanceof DeployFailure) ||
        !/BlobUploadFailed|AuthorizationPermissionMismatch|endpoint not found/i.test(error.message)
      )
        throw error;
      say('not ready yet, trying again in a minute …');
      await pause(60_000);
    }
  }
}
