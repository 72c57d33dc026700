import type { Command } from '../command-line.ts';
import { runCommand } from '../command-line.ts';
import { pushSample, referenceIn } from './push.ts';

const command: Command = {
  call: 'npm run sample',
  does: 'Makes a small image, another one each time, and pushes it: it needs no client and no other registry.',
  takes: 'HOST/REPOSITORY:TAG',
  flags: {},
  // Everybody on the machine may read arguments, so the password is not one of them.
  notes: [
    'LONGSHORE_ADMIN_PASSWORD holds the password of the user admin; an open registry needs none.',
    'It ends with 0, with 1 where the push is refused, and with 2 where the command is wrong.',
  ],
  example: 'npm run sample -- 127.0.0.1:5000/team/hello:1',
};

await runCommand(
  command,
  ({ positionals }) => ({ name: positionals[0] ?? '', to: referenceIn(positionals[0] ?? '') }),
  async ({ name, to }) => {
    const password = process.env['LONGSHORE_ADMIN_PASSWORD'];
    try {
      const digest = await pushSample({ fetch, password }, to, `hello, it is ${new Date().toISOString()}\n`);
      process.stdout.write(`pushed ${name}, ${digest}\n`);
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    }
  },
);
