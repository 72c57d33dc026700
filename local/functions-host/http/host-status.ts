import type { HostEndpoint } from './server.ts';

/** Where Core Tools and scripts look for a host that is ready. */
export const hostStatusPath = '/admin/host/status';

/** Says that the host runs. It answers only once every function is being listened for. */
export const hostStatus: HostEndpoint = (_req, res) => {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: 'longshore', state: 'Running' }));
  return Promise.resolve();
};
