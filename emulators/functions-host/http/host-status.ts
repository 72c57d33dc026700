import type { HostEndpoint } from './server.ts';

/** The path at which the real host describes itself to callers with its master key. */
export const hostStatusPath = '/admin/host/status';

/** Refuses everybody, because there is no master key here: scripts that ask without one would fail in Azure. */
export const hostStatus: HostEndpoint = (_req, res) => {
  res.writeHead(401, { 'content-length': 0 }).end();
  return Promise.resolve();
};
