import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Listening {
  /** As the kernel has it: `127.0.0.1`, `0.0.0.0`, `::1`, `::`. */
  readonly address: string;
  readonly port: number;
}

/** Returns the sockets on which a process and its children listen, from Linux's tables. */
export function listeningOf(pid: number): Listening[] {
  return [pid, ...descendants(pid)].flatMap(socketsOf);
}

function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function socketsOf(pid: number): Listening[] {
  const own = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => inodeAt(`/proc/${pid}/fd/${fd}`)));
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
        const [address = '', port = ''] = local.split(':');
        return state === '0A' && own.has(inode)
          ? [{ address: addressIn(address), port: Number.parseInt(port, 16) }]
          : [];
      }),
  );
}

function inodeAt(path: string): string[] {
  try {
    return [/^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1] ?? []].flat();
  } catch {
    // It was closed meanwhile.
    return [];
  }
}

/** The kernel writes words of four bytes, the lowest first. */
function addressIn(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse());
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.every((byte) => byte === 0)) return '::';
  return bytes.slice(0, 15).every((byte) => byte === 0) ? '::1' : hex;
}
