import { ask, authorizationOf, repository } from '../deploy/client.ts';
import type { Finding, Patient } from './finding.ts';
import { failed, leftOut, ok } from './finding.ts';
import { isLoopback } from './transport.ts';

/** Says whether a push needs no credentials. Starting an upload leaves nothing behind. */
export async function isOpenToAll({ origin }: Pick<Patient, 'origin'>): Promise<boolean> {
  return (await ask(`${origin}/v2/${repository}/blobs/uploads/`, { method: 'POST' })).status === 202;
}

/** Checks that a caller without credentials is asked for some, and may not push. */
export async function checkStrangers({ origin }: Patient): Promise<Finding> {
  const [asked, pushing] = await Promise.all([
    ask(`${origin}/v2/`),
    ask(`${origin}/v2/${repository}/blobs/uploads/`, { method: 'POST' }),
  ]);
  if (pushing.status === 202) {
    const next = 'set LONGSHORE_AUTH to "required"';
    return isLoopback(new URL(origin).hostname)
      ? leftOut('everybody may push: LONGSHORE_AUTH is "open", on this machine')
      : failed('everybody may push', next);
  }
  if (asked.status !== 401 && asked.status !== 200)
    return failed(
      `GET /v2/ without credentials is ${asked.status}`,
      'a proxy before the app answers: check its rules, and the host name',
    );
  const challenge = pushing.headers.get('www-authenticate');
  if (pushing.status !== 401 || challenge === null)
    return failed(
      `a push without credentials is ${pushing.status}${challenge === null ? ', without a challenge' : ''}`,
      'clients log in by the challenge: proxies before the app must not change WWW-Authenticate and 401',
    );
  return ok('a push without credentials is refused, with a challenge');
}

/** Logs in as docker does: the challenge names where a token is issued. */
export async function checkLogin({ origin, password }: Patient): Promise<Finding> {
  const challenge =
    (await ask(`${origin}/v2/${repository}/blobs/uploads/`, { method: 'POST' })).headers.get('www-authenticate') ?? '';
  const [realm, service] = ['realm', 'service'].map(
    (name) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? '',
  );
  if (realm === undefined || !URL.canParse(realm)) return leftOut('no token is required');
  if (new URL(realm).origin !== origin)
    return failed(
      `the challenge sends clients to ${new URL(realm).origin}`,
      'set LONGSHORE_PUBLIC_URL (publicUrl) to the URL at which clients reach the registry',
    );
  const url = `${realm}?service=${encodeURIComponent(service ?? '')}&scope=${encodeURIComponent(`repository:${repository}:pull,push`)}`;
  const answer = await ask(url, { headers: authorizationOf(password) });
  if (answer.status !== 200)
    return failed(
      `the password is answered with ${answer.status}`,
      'LONGSHORE_ADMIN_PASSWORD must be the password of LONGSHORE_ADMIN_PASSWORD_HASH, which each ' +
        "deployment sets; the setting's reference to the vault may not be resolved",
    );
  const { token } = (await answer.json()) as { token?: string };
  const used = await ask(`${origin}/v2/`, { headers: { authorization: `Bearer ${token ?? ''}` } });
  return used.status === 200
    ? ok('the password is exchanged for a token, and the token is accepted')
    : failed(
        `a fresh token is answered with ${used.status}`,
        'check the clocks, and that no other deployment with another sealing key answers at the same name',
      );
}
