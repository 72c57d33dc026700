import { arch } from 'node:os';

/** The address at which the program is loaded. */
const address = 0x400000;
const headerBytes = 120;

/** Makes a Linux program of a processor, as ELF numbers it, and machine code that needs no library. */
export function smallProgram(machine: number, code: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.write('7f454c46020101', 0, 'hex');
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(address + headerBytes), 24);
  header.writeBigUInt64LE(64n, 32);
  for (const [at, value] of [
    [52, 64],
    [54, 56],
    [56, 1],
  ] as const)
    header.writeUInt16LE(value, at);
  header.writeUInt32LE(1, 64);
  header.writeUInt32LE(5, 68);
  for (const at of [80, 88]) header.writeBigUInt64LE(BigInt(address), at);
  for (const at of [96, 104]) header.writeBigUInt64LE(BigInt(headerBytes + code.length), at);
  header.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([header, code]);
}

export const amd64 = 0x3e;
const arm64 = 0xb7;

/**
 * Makes the program `exit(0)` for this machine's processor, because a trial has no image with a program. Absent for
 * processors that hardly build.
 */
export function exitProgram(): Buffer | undefined {
  if (arch() === 'x64') return smallProgram(amd64, Buffer.from('b83c00000031ff0f05', 'hex'));
  return arch() === 'arm64' ? smallProgram(arm64, Buffer.from('a80b80d2000080d2010000d4', 'hex')) : undefined;
}
