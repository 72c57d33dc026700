import type { HostEndpoint } from './server.ts';

/** Where the real host tells of itself to who has its master key. */
export const hostStatusPath = '/admin/host/status';

/** There is no master key here, so nobody is told: scripts that ask without one would fail in Azure. */
export const hostStatus: HostEndpoint = (_req, res) => {
  res.writeHead(401, { 'content-length': 0 }).end();
  return Promise.resolve();
};
