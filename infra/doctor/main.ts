import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Arguments, Command } from '../../local/command-line.ts';
import { runCommand } from '../../local/command-line.ts';
import { callsOf } from '../deploy/client.ts';
import { examine } from './doctor.ts';

const command: Command = {
  call: 'npm run doctor',
  does: 'Tests a registry from outside, and says for each failure what to do next (docs/operations.md).',
  takes: 'https://HOST',
  flags: {
    receiver: { value: 'URL', says: 'the URL of a receiver of webhooks, which gets a signed POST' },
    largest: { value: 'MIB', says: 'the size of the largest layer that is pushed as a test (128)' },
  },
  // Everybody on the machine may read arguments, so the password is not one of them.
  notes: [
    'LONGSHORE_ADMIN_PASSWORD is the password of the user admin; an open registry needs none.',
    'The exit code is 0 if all is well, 1 if something is wrong, and 2 if the command is wrong.',
  ],
  example: 'npm run doctor -- http://127.0.0.1:5000',
};
const argumentsSchema = z.object({
  host: z
    .url({
      protocol: /^https?$/,
      error: 'the first argument must be https://HOST, or http://HOST as in http://127.0.0.1:5000',
    })
    .transform((text) => new URL(text).origin),
  receiver: z.url({ protocol: /^https?$/, error: '--receiver must be a URL' }).optional(),
  largest: z.coerce
    .number({ error: '--largest must be a number of MiB' })
    .int()
    .min(1, '--largest must be at least 1')
    .default(128),
});

function wantedBy({ values, positionals }: Arguments): z.infer<typeof argumentsSchema> {
  const found = argumentsSchema.safeParse({ host: positionals[0] ?? '', ...values });
  if (found.success) return found.data;
  throw new Error(found.error.issues.map(({ message }) => message).join('; '));
}

async function run({ host: origin, receiver, largest }: z.infer<typeof argumentsSchema>): Promise<void> {
  const password = process.env['LONGSHORE_ADMIN_PASSWORD'];
  const faults = await examine(
    {
      origin,
      password,
      receiver,
      largest,
      call: callsOf(origin, password),
      now: () => new Date(),
      pause: (ms) => pause(ms),
    },
    (name, finding) => {
      process.stdout.write(
        `${finding.is.padEnd(9)} ${name.padEnd(10)} ` +
          `${finding.said}\n${'next' in finding ? `${' '.repeat(21)}Next: ${finding.next}\n` : ''}`,
      );
    },
  );
  process.stdout.write(
    faults === 0 ? 'no fault can be seen from this machine\n' : `${faults} of these need your attention\n`,
  );
  process.exitCode = faults === 0 ? 0 : 1;
}

await runCommand(command, wantedBy, run);
