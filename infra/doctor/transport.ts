import { once } from 'node:events';
import { connect as connectTcp, isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { connect } from 'node:tls';
import { ask } from '../deploy/client.ts';
import type { Finding, Patient } from './finding.ts';
import { failed, leftOut, ok } from './finding.ts';

const patienceMs = 10_000;
const [fewDays, mostSeconds] = [14, 60];
const day = 24 * 3_600_000;

/** Checks whether anything listens there at all. */
export async function checkReach({ origin }: Patient): Promise<Finding> {
  const { protocol, hostname, port } = new URL(origin);
  const socket = connectTcp({
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port),
    timeout: patienceMs,
  });
  try {
    await Promise.race([
      once(socket, 'connect'),
      once(socket, 'timeout').then(() => {
        throw new Error(`no answer within ${patienceMs / 1_000} s`);
      }),
    ]);
    return ok('a program listens there');
  } catch (error) {
    return failed(
      `no program listens at ${origin}: ${error instanceof Error ? error.message : String(error)}`,
      'check that the app runs, that name and port are right, and that no network or IP rule blocks this machine',
    );
  } finally {
    socket.destroy();
  }
}

/** Checks the certificate as Node trusts it, the protocol, and how long they remain valid. */
export async function checkTls({ origin, now }: Patient): Promise<Finding> {
  const { protocol, hostname, port } = new URL(origin);
  if (protocol !== 'https:')
    return isLoopback(hostname)
      ? leftOut('plain http on this machine')
      : failed(
          'plain http: passwords and tokens go over the network as they are',
          'put TLS in front of it, and use https',
        );
  const socket = connect({
    host: hostname,
    port: Number(port === '' ? 443 : port),
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
    timeout: patienceMs,
  });
  try {
    await Promise.race([
      once(socket, 'secureConnect'),
      once(socket, 'timeout').then(() => {
        throw new Error(`there is no answer within ${patienceMs / 1_000} s`);
      }),
    ]);
    return judgeCertificate(socket.getPeerCertificate(), socket.getProtocol() ?? 'unknown', now());
  } catch (error) {
    return failed(
      `no TLS: ${error instanceof Error ? error.message : String(error)}`,
      'check that DNS resolves the name to the registry, and that its certificate is for this name ' +
        'and from an authority that clients trust',
    );
  } finally {
    socket.destroy();
  }
}

export function judgeCertificate(
  { valid_to: until }: Pick<PeerCertificate, 'valid_to'>,
  protocol: string,
  now: Date,
): Finding {
  const days = Math.floor((Date.parse(until) - now.getTime()) / day);
  if (!/^TLSv1\.[23]$/.test(protocol))
    return failed(`it speaks ${protocol}`, 'set the lowest protocol of the proxy before the app to TLS 1.2');
  return days < fewDays
    ? failed(
        `the certificate ends in ${days} days`,
        'renew it; if a managed certificate was not renewed, its DNS record is missing',
      )
    : ok(`${protocol}, the certificate holds for ${days} days`);
}

/** Compares clocks by the Date of an answer, which has whole seconds. */
export async function checkClock({ origin, now }: Patient): Promise<Finding> {
  const answer = await ask(`${origin}/v2/`);
  const date = Date.parse(answer.headers.get('date') ?? '');
  if (Number.isNaN(date))
    return failed(
      `GET /v2/ has no Date (${answer.status}${answer.statusText === '' ? '' : ` ${answer.statusText}`})`,
      'check which program answers at that address',
    );
  const apart = Math.round((date - now().getTime()) / 1_000);
  return Math.abs(apart) > mostSeconds
    ? failed(
        `its clock and this one are ${Math.abs(apart)} s apart`,
        'set the clock of this machine; signed URLs and tokens are refused if clocks differ too much',
      )
    : ok(`${Math.abs(apart)} s apart`);
}

export async function checkHealth({ origin }: Patient): Promise<Finding> {
  const answer = await ask(`${origin}/healthz`);
  const text = (await answer.text()).slice(0, 500);
  if (answer.status === 200) return ok('all stores answer');
  return failed(
    `GET /healthz is ${answer.status}${text === '' ? '' : `: ${text}`}`,
    answer.status === 504
      ? 'check that the app runs, and that no network or IP rule blocks this machine'
      : 'the stores that it names do not answer the app: new roles need some minutes after a ' +
          "deployment; after that read the app's failures",
  );
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
