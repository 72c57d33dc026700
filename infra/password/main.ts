import { text } from 'node:stream/consumers';
import type { Command } from '../../local/command-line.ts';
import { runCommand } from '../../local/command-line.ts';
import { formatPasswordHash, hashPassword, makePassword, makeSalt } from '../../shared/features/identity/password.ts';

const command: Command = {
  call: 'npm run -s password',
  does: 'Makes the password of the user admin, and prints its hash: the value of LONGSHORE_ADMIN_PASSWORD_HASH.',
  // Everybody on the machine may read arguments, so one's own password is not one of them.
  flags: { stdin: { says: 'reads the password from the first line of standard input, with at least 12 characters' } },
  notes: ['Without a flag it makes a random password, and shows it once, on standard error (docs/deploy.md).'],
  example: 'npm run -s password > password-hash.txt',
};
const shortest = 12;

async function givenPassword(): Promise<string> {
  const [line = ''] = (await text(process.stdin)).split(/\r?\n/, 1);
  if (line.length < shortest)
    throw new Error(
      `a password must have at least ${shortest} characters, and this one has ${line.length}: anybody ` +
        'who guesses it has every right',
    );
  return line;
}

async function run(isGiven: boolean): Promise<void> {
  const password = isGiven ? await givenPassword() : makePassword();
  if (!isGiven) process.stderr.write(`the password of admin is ${password}: it is not shown again\n`);
  const salt = makeSalt();
  process.stdout.write(`${formatPasswordHash({ salt, hash: await hashPassword(password, salt) })}\n`);
}

await runCommand(command, ({ values }) => values['stdin'] === true, run).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
