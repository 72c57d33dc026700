import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { callsOf } from '../deploy/client.ts';
import { examine } from './doctor.ts';

// `npm run doctor`: docs/operations.md. The password comes by the environment: everybody on the machine may read
// arguments.
const usage = 'npm run doctor -- https://registry.example.com [--receiver https://…] [--largest MIB]';
const argumentsSchema = z.object({
  host: z
    .url({ protocol: /^https?$/, error: 'the first argument must be https://HOST' })
    .transform((text) => new URL(text).origin),
  receiver: z.url({ protocol: /^https?$/, error: '--receiver must be a URL' }).optional(),
  largest: z.coerce
    .number({ error: '--largest must be a number of MiB' })
    .int()
    .min(1, '--largest must be at least 1')
    .default(128),
});

function parsed(): z.infer<typeof argumentsSchema> | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { receiver: { type: 'string' }, largest: { type: 'string' } },
    });
    const found = argumentsSchema.safeParse({ host: positionals[0] ?? '', ...values });
    if (found.success) return found.data;
    process.stderr.write(`${found.error.issues.map(({ message }) => message).join('; ')}\n${usage}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  }
  return undefined;
}

const wanted = parsed();
if (wanted === undefined) process.exitCode = 2;
else {
  const { host: origin, receiver, largest } = wanted;
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
    faults === 0 ? 'nothing is wrong that can be seen from here\n' : `${faults} of these need you\n`,
  );
  process.exitCode = faults === 0 ? 0 : 1;
}
