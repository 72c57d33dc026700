import { z } from 'zod';
import type { Ran, Run } from './run.ts';
import { DeployFailure } from './run.ts';

const versionSchema = z.object({ 'azure-cli': z.string().regex(/^\d+\.\d+\.\d+/) });
const accountSchema = z.object({ id: z.string(), name: z.string(), state: z.string() });
const outputsSchema = z.object({
  properties: z.object({
    outputs: z.object({
      sites: z.object({ value: z.array(z.string()).min(1) }),
      topicIds: z.object({ value: z.array(z.string()).min(1) }),
      workStorageIds: z.object({ value: z.array(z.string()).min(1) }),
      loginServer: z.object({ value: z.url() }),
      dataPlane: z.object({ value: z.enum(['functions', 'containerApp', 'containerAppOnly']) }),
      largestBody: z.object({ value: z.int().positive() }),
    }),
  }),
});

/** The oldest version of the Azure CLI that knows Flex Consumption. */
const oldest = [2, 60] as const;

/**
 * Runs `command` and returns its output; throws `DeployFailure` with the last lines of its error output and with
 * `next`, the next step.
 */
export async function must(run: Run, command: string, args: readonly string[], next: string): Promise<string> {
  const ran = await run(command, args);
  if (ran.code !== 0)
    throw failure(
      ran,
      `${command} ${args
        .slice(0, 4)
        .filter((arg) => !arg.startsWith('-'))
        .join(' ')}`,
      next,
    );
  return ran.stdout;
}

function failure(ran: Ran, what: string, next: string): DeployFailure {
  const why =
    ran.code === 'absent'
      ? 'there is no such program on the PATH'
      : ran.stderr.trim().split('\n').slice(-12).join('\n') || `it ended with ${ran.code}`;
  return new DeployFailure(`${what} failed: ${why}\nNext: ${next}`);
}

function answer<T>(schema: z.ZodType<T>, text: string, what: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new DeployFailure(
      `${what} gave an unexpected answer.\nNext: run it by hand, and check whether az is up to date ("az upgrade")`,
    );
  }
}

/** Returns the subscription's id, so that each later command names it, whatever becomes the default meanwhile. */
export async function checkedSubscription(
  run: Run,
  subscription: string | undefined,
): Promise<{ id: string; name: string }> {
  const version = answer(
    versionSchema,
    await must(run, 'az', ['version', '--output', 'json'], 'install the Azure CLI: https://aka.ms/azure-cli'),
    'az version',
  )['azure-cli'];
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1]))
    throw new DeployFailure(`az is ${version}, and must be ${oldest.join('.')} or newer.\nNext: "az upgrade"`);
  const account = answer(
    accountSchema,
    await must(
      run,
      'az',
      ['account', 'show', ...(subscription === undefined ? [] : ['--subscription', subscription]), '--output', 'json'],
      '"az login"; "az account list" names the subscriptions',
    ),
    'az account show',
  );
  if (account.state !== 'Enabled')
    throw new DeployFailure(
      `the subscription ${account.name} is ${account.state}.\nNext: choose another one by --subscription`,
    );
  await must(run, 'az', ['bicep', 'version'], '"az bicep install"');
  return account;
}

export interface Outputs {
  readonly sites: readonly string[];
  readonly topicIds: readonly string[];
  readonly workStorageIds: readonly string[];
  readonly loginServer: string;
  readonly dataPlane: 'functions' | 'containerApp' | 'containerAppOnly';
  /** The bytes allowed in one request to a Function App. */
  readonly largestBody: number;
}

export function outputsOf(text: string): Outputs {
  const { sites, topicIds, workStorageIds, loginServer, dataPlane, largestBody } = answer(
    outputsSchema,
    text,
    'az deployment group create',
  ).properties.outputs;
  return {
    sites: sites.value,
    topicIds: topicIds.value,
    workStorageIds: workStorageIds.value,
    loginServer: loginServer.value,
    dataPlane: dataPlane.value,
    largestBody: largestBody.value,
  };
}
