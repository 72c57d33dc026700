import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { formatPasswordHash, hashPassword, makePassword, makeSalt } from '../../shared/features/identity/password.ts';

// `npm run -s password`: docs/deploy.md. A password of one's own comes by standard input: everybody on the machine may
// read arguments.
const usage = `Makes the password of the user admin, and prints its hash: the value of LONGSHORE_ADMIN_PASSWORD_HASH.

  npm run -s password               makes a random one, and shows it this once on standard error
  npm run -s password -- --stdin    takes the first line of standard input, of at least 12 characters
`;
const shortest = 12;

async function givenPassword(): Promise<string> {
  const [line = ''] = (await text(process.stdin)).split(/\r?\n/, 1);
  if (line.length < shortest)
    throw new Error(
      `a password has at least ${shortest} characters, and this one has ${line.length}: whoever may guess it may do everything`,
    );
  return line;
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: { stdin: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const password = values.stdin ? await givenPassword() : makePassword();
  if (!values.stdin) process.stderr.write(`the password of admin is ${password}: it is shown this once\n`);
  const salt = makeSalt();
  process.stdout.write(`${formatPasswordHash({ salt, hash: await hashPassword(password, salt) })}\n`);
}

await run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
});
