import { once } from 'node:events';
import { createServer } from 'node:net';
import type { StackSettings } from './settings.ts';
import { flagName } from './settings.ts';

const ports = ['port', 'functionsPort', 'cosmosPort', 'blobPort', 'queuePort', 'eventGridPort'] as const;

/**
 * Checks whether the ports that the settings name are free, before anything is started: a stack needs seconds to start,
 * and would only then say so. Throws one `Error` that names all ports in use, each with its flag.
 */
export async function requireFreePorts(settings: StackSettings): Promise<void> {
  const wanted = ports.flatMap((name) => {
    // Each further region's app listens on the ports behind the first one's.
    const count = name === 'port' || name === 'functionsPort' ? settings.regions : 1;
    return settings[name] === 0 ? [] : Array.from({ length: count }, (_, at) => ({ name, port: settings[name] + at }));
  });
  const faults = await Promise.all(
    wanted.map(async ({ name, port }) => ((await isFree(port)) ? [] : [fault(port, name)])),
  );
  if (faults.flat().length > 0) throw new Error(faults.flat().join('; '));
}

function fault(port: number, name: (typeof ports)[number]): string {
  return (
    `port ${port} on 127.0.0.1 is in use: stop the program that listens there, or choose another ` +
    `port with ${flagName(name)}`
  );
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    // Any other failure is reported by the part that needs the port, in its own words.
    return (error as NodeJS.ErrnoException).code !== 'EADDRINUSE';
  }
  server.close();
  await once(server, 'close');
  return true;
}
