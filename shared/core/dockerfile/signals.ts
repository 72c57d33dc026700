import { DockerfileFault } from './fault.ts';

const names = new Set(
  (
    'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP ' +
    'TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ'
  ).split(' '),
);
const realTime = /^(?:RTMIN(?:\+(?:[1-9]|1[0-5]))?|RTMAX(?:-(?:[1-9]|1[0-4]))?)$/;

/** Checks STOPSIGNAL's value: a number but 0, or a name of Linux's signals. @throws DockerfileFault */
export function checkSignal(signal: string): void {
  const name = signal.toUpperCase().replace(/^SIG/, '');
  const known = /^[+-]?\d+$/.test(signal) ? Number(signal) !== 0 : names.has(name) || realTime.test(name);
  if (!known) throw new DockerfileFault(`invalid signal: ${signal}`);
}
