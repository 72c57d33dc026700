import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Command } from '../../local/command-line.ts';
import { pointerToHelp } from '../../local/command-line.ts';

const schema = z.object({
  // https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
  resourceGroup: z
    .string({ error: 'is missing' })
    .regex(/^[-\w.()]{0,89}[-\w()]$/, 'must be 1 to 90 letters, digits, and -_.(), with no dot at its end'),
  parameters: z
    .string({ error: 'is missing' })
    .regex(/\.bicepparam$/, 'must name a .bicepparam file, as in infra/main.oneregion.bicepparam'),
  location: z
    .string()
    .regex(/^[a-z0-9]+$/, "must be Azure's name of a region, as in westeurope")
    .optional(),
  subscription: z
    .string()
    .regex(/^[^-]./, "must be a subscription's id or name")
    .optional(),
  whatIf: z.boolean(),
});

export type Arguments = z.infer<typeof schema>;

const flags = {
  'resource-group': { type: 'string' },
  parameters: { type: 'string' },
  location: { type: 'string' },
  subscription: { type: 'string' },
  'what-if': { type: 'boolean' },
} as const;

export const command: Command = {
  call: 'npm run deploy',
  does: 'Deploys Longshore to Azure in one step, and tests it from outside (docs/deploy.md).',
  flags: {
    'resource-group': { value: 'NAME', says: 'the resource group of all resources; required' },
    parameters: { value: 'FILE', says: 'a .bicepparam file, as in infra/main.oneregion.bicepparam; required' },
    location: { value: 'REGION', says: 'creates the resource group in this region, if it does not exist' },
    subscription: { value: 'ID', says: "another subscription than az's current one" },
    'what-if': { says: 'shows the changes of the resources, and makes none' },
  },
  notes: [
    'The sample parameters read LONGSHORE_ADMIN_PASSWORD_HASH and LONGSHORE_IMAGE; the test at the ' +
      'end reads\nLONGSHORE_ADMIN_PASSWORD. The command needs az 2.60 or newer, logged in. It never ' +
      'ran against real Azure.',
  ],
  example:
    'npm run deploy -- --resource-group registry --location westeurope --parameters infra/main.oneregion.bicepparam',
};

/** Throws an `Error` whose message names every fault. */
export function parseArguments(args: string[]): Arguments {
  const { values, tokens } = parseArgs({ args, options: flags, strict: false, tokens: true });
  const unknown = tokens.flatMap((token) =>
    token.kind === 'positional'
      ? [`"${token.value}" does not belong to a flag`]
      : token.kind === 'option' && !(token.name in flags)
        ? [`there is no ${token.rawName}`]
        : [],
  );
  const parsed = schema.safeParse({
    resourceGroup: values['resource-group'],
    parameters: values.parameters,
    location: values.location,
    subscription: values.subscription,
    whatIf: values['what-if'] ?? false,
  });
  const faults = parsed.success
    ? []
    : parsed.error.issues.map(
        ({ path, message }) =>
          `--${String(path[0]).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${message}`,
      );
  if (parsed.success && unknown.length === 0) return parsed.data;
  throw new Error([...unknown, ...faults, pointerToHelp(command)].join('; '));
}
