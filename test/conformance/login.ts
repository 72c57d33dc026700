import type { App } from '../../shared/app/app.ts';
import { basic } from '../shared/features/identity/required.ts';

/**
 * The actions of a token that takes part in the conformance: everything in repositories that are named as the suite
 * names them.
 */
export const conformanceActions = ['read', 'write', 'delete'].map(
  (verb) => `repositories/conformance/*/content/${verb}`,
);

/** More would not fit into a header with room to spare. */
const scopesKept = 8;

/**
 * Docker's token flow as containerd has it: asks, answers the challenge with a token got for its scopes and for those
 * of the challenges before, and comes with that one from then on.
 */
export function loggedIn(app: App, user: string, password: string): App {
  let latest: string | undefined;
  let scopes: readonly string[] = [];
  return {
    async fetch(request) {
      const first = request.clone();
      if (latest !== undefined) first.headers.set('authorization', `Bearer ${latest}`);
      const answer = await app.fetch(first);
      if (answer.status !== 401) return answer;
      const challenge = challengeOf(answer);
      scopes = [...new Set([...scopes, ...challenge.scopes])].slice(-scopesKept);
      latest = await fetchAccessToken(app, { ...challenge, scopes }, basic(user, password));
      request.headers.set('authorization', `Bearer ${latest}`);
      return app.fetch(request);
    },
  };
}

interface BearerChallenge {
  readonly realm: string;
  readonly service: string;
  readonly scopes: readonly string[];
}

function challengeOf(refused: Response): BearerChallenge {
  const header = refused.headers.get('www-authenticate') ?? '';
  const [, realm, service, scopes = ''] =
    /^Bearer realm="([^"]+)",service="([^"]+)"(?:,scope="([^"]+)")?/.exec(header) ?? [];
  if (realm === undefined || service === undefined) throw new Error(`no challenge: "${header}"`);
  return { realm, service, scopes: scopes.split(' ').filter(Boolean) };
}

async function fetchAccessToken(
  app: App,
  { realm, service, scopes }: BearerChallenge,
  headers: Record<string, string>,
): Promise<string> {
  const query = new URLSearchParams([
    ['service', service],
    ...scopes.map((scope): [string, string] => ['scope', scope]),
  ]);
  const granted = await app.fetch(new Request(`${realm}?${query.toString()}`, { headers }));
  if (granted.status !== 200) throw new Error(`GET ${realm}: ${granted.status} ${await granted.text()}`);
  return ((await granted.json()) as { access_token: string }).access_token;
}
