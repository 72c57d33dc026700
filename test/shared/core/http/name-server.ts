import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';

export interface NameServer {
  /** `127.0.0.1:PORT`, as a resolver takes it. */
  readonly address: string;
  /** The questions so far, as in `A hook.example`. */
  readonly asked: readonly string[];
  stop(): void;
}

const types = { 1: 'A', 28: 'AAAA' } as const;

/**
 * A name server on this machine. `answer` has the addresses of a name each time it is asked; `undefined` leaves the
 * question without an answer.
 */
export async function startNameServer(
  answer: (name: string, type: 'A' | 'AAAA') => readonly string[] | undefined,
): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4', (question, from) => {
    const { name, end } = nameIn(question);
    const type = types[question.readUInt16BE(end) as 1 | 28];
    asked.push(`${type} ${name}`);
    const addresses = answer(name, type)
      ?.map(bytesOf)
      .filter((bytes) => bytes.length === (type === 'A' ? 4 : 16));
    if (addresses !== undefined)
      socket.send(reply(question.subarray(0, end + 4), type, addresses), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { address: `127.0.0.1:${socket.address().port}`, asked, stop: () => socket.close() };
}

function nameIn(question: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = question.readUInt8(at); length > 0; length = question.readUInt8(at)) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}

function reply(question: Buffer, type: 'A' | 'AAAA', addresses: readonly Buffer[]): Buffer {
  const header = Buffer.from(question.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt32BE(0, 8);
  // A pointer to the question's name; type; class; a time to live of zero.
  const records = addresses.map((bytes) =>
    Buffer.from([0xc0, 12, 0, type === 'A' ? 1 : 28, 0, 1, 0, 0, 0, 0, 0, bytes.length, ...bytes]),
  );
  return Buffer.concat([header, question.subarray(12), ...records]);
}

function bytesOf(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // The URL parser writes the dotted end of one, as in `::ffff:10.0.0.1`, in groups.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail ?? '')];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
