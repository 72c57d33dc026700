/** A door out of a builder's world: a port of its loopback, and the sockets that lead to the gateway. */
export interface Door {
  readonly port: number;
  readonly address: '127.0.0.1' | '::1';
  /** The socket for the builder itself. */
  readonly builder: string;
  /** The socket for what runs in its containers; if absent, they find the port closed. */
  readonly steps?: string;
}

/**
 * The first program in a builder's world: it opens the doors, runs the command, and ends as that does. It is text,
 * because it is run by a Node that finds none of this program's files there. The kernel's table of connections tells
 * callers apart: the builder is user 0 of its world, and a step never is. A connection that its owner has closed
 * belongs to user 0 in that table, so only an open one (state 01) counts.
 */
const program = String.raw`
const { connect, createServer } = require('node:net');
const { readFileSync } = require('node:fs');
const { spawn } = require('node:child_process');
const { doors, command, isTied } = JSON.parse(process.argv[1]);
if (isTied) for (const over of ['end', 'error', 'close']) process.stdin.resume().on(over, () => process.exit(125));
const hex = (port) => ':' + port.toString(16).toUpperCase().padStart(4, '0');
const linesOf = (file) => { try { return readFileSync(file, 'utf8').split('\n').slice(1); } catch { return []; } };
const isBuilder = (from, to) => {
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(linesOf);
  const entries = lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, remote]) => local?.endsWith(hex(from)) && remote?.endsWith(hex(to)));
  return entries.length > 0 && entries.every(([, , , state, , , , uid]) => state === '01' && uid === '0');
};
const open = ({ port, address, builder, steps }) => new Promise((ready, failed) => {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    const path = isBuilder(socket.remotePort, port) ? builder : steps;
    if (path === undefined) return socket.destroy();
    const out = connect(path);
    out.on('error', () => socket.destroy());
    socket.on('close', () => out.destroy());
    socket.pipe(out).pipe(socket);
  });
  server.on('error', failed).listen(port, address, ready);
});
Promise.all(doors.map(open)).then(() => {
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'inherit', 'inherit'] });
  child.on('error', (error) => { console.error(String(error)); process.exit(127); });
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128));
}, (error) => { console.error('the builder has no way out: ' + error); process.exit(126); });
`;

/**
 * The descriptor by which the sandbox gets this process's own Node: its file may lie where the builder's user cannot
 * read.
 */
const nodeDescriptor = 3;

/**
 * Makes the command line of `command` behind its doors. It ends when its input does, unless `isTied` is false: the
 * input is a pipe of the process that has started it, and without that process nobody checks the time and the disk of
 * the build any more.
 */
export function behindDoors(doors: readonly Door[], command: readonly string[], { isTied = true } = {}): string[] {
  return [`/proc/self/fd/${nodeDescriptor}`, '-e', program, '--', JSON.stringify({ doors, command, isTied })];
}
