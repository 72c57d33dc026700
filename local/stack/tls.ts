import { ownCertificate } from './certificate.ts';
import type { StackSettings } from './settings.ts';
import type { StateFolder } from './state-folder.ts';
import type { TlsListener } from './tls-listener.ts';
import { listenWithTls } from './tls-listener.ts';

export interface Tls extends Pick<TlsListener, 'forwardTo' | 'stop'> {
  /** The URL by the name that clients are to use. */
  readonly url: string;
}

/** Names of this machine, which the certificate is for in any case. */
const ownNames = ['localhost', '127.0.0.1', '::1'];

/** Listens with TLS, before anything else is started: a port that is not allowed is reported at once. */
export async function startTls(
  state: StateFolder,
  { hosts, registries, port: wanted }: Pick<StackSettings, 'hosts' | 'registries' | 'port'>,
  progress: (line: string) => void,
): Promise<Tls> {
  const [name = 'localhost'] = hosts;
  const own = await ownCertificate(state, [...hosts, ...registries.map(({ host }) => host), ...ownNames]);
  const { port, forwardTo, stop } = await listenWithTls(own, wanted);
  progress(
    `clients must trust ${own.authorityFile}${own.isNew ? ', which is new,' : ''} and resolve ` +
      `${name} to 127.0.0.1 (docs/az.md)`,
  );
  return { url: `https://${name}${port === 443 ? '' : `:${port}`}`, forwardTo, stop };
}
