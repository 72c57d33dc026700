// Runs one of the project's TypeScript programs on the Node that the project pins, and installs the packages first
// where they are missing or are not those of package-lock.json. It is plain JavaScript because the machine's own Node
// may be 20, which runs no TypeScript, and because nothing is installed yet when it starts.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from './install.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function pinnedNode() {
  const bin = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(bin)) return bin;
  process.stderr.write(
    'The npm package "node" has no binary: were install scripts switched off? Run "npm rebuild node".\n',
  );
  process.exit(1);
}

await installPackages(root).catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});

// Node's own flags stand before the program.
const given = process.argv.slice(2);
const at = given.findIndex((arg) => !arg.startsWith('--'));
const [flags, [program, ...args]] = [given.slice(0, at), given.slice(at)];
// The channel lets the program notice that this process was killed outright, and stop what it started.
const child = spawn(pinnedNode(), ['--disable-warning=ExperimentalWarning', ...flags, join(root, program), ...args], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  // A start spends its time on reading code. Node keeps it compiled, for this process and for all that it starts.
  env: { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node'), ...process.env },
});
// npm runs this through a shell; its scripts say `exec`, so that npm's signals arrive here. When npm itself is killed
// outright nothing arrives: then this process has another parent, and what it started must end.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) child.kill('SIGTERM');
}, 500).unref();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
