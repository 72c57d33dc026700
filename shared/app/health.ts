import type { Clock } from '../core/ports/clock.ts';
import { StoreFailure } from '../core/ports/failures.ts';
import type { Log } from '../core/ports/log.ts';
import type { ProbeDependency } from '../core/ports/probe.ts';

/** A dependency that takes longer than so many milliseconds counts as down. */
const patienceMs = 5_000;

interface DependencyHealth {
  readonly dependency: string;
  readonly up: boolean;
  readonly why?: string;
}

/**
 * So many milliseconds an answer is given to all who ask: the probes cost the stores something, and anybody may ask.
 */
const freshMs = 5_000;

interface Ports {
  readonly probes: readonly ProbeDependency[];
  readonly isOffered: () => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Health {
  readonly status: 'up' | 'down' | 'off';
  readonly dependencies: readonly DependencyHealth[];
}

/**
 * `GET /healthz`: 200 when all dependencies answer, else 503; either way JSON that names each. A region whose endpoint
 * is switched off says 503 too, so that a front door sends clients elsewhere: it serves who asks it all the same.
 */
export function healthEndpoint(ports: Ports): () => Promise<Response> {
  let known: { readonly health: Promise<Health>; at: number } | undefined;
  return async () => {
    const now = () => ports.clock.now().getTime();
    if (known === undefined || now() - known.at >= freshMs) {
      const asking = { health: examine(ports), at: Infinity };
      known = asking;
      // Until it is answered, all who come wait for the same one.
      const answered = () => (asking.at = now());
      asking.health.then(answered, () => (known = undefined));
    }
    const { status, dependencies } = await known.health;
    return Response.json(
      { status, dependencies },
      { status: status === 'up' ? 200 : 503, headers: { 'Cache-Control': 'no-store' } },
    );
  };
}

async function examine({ probes, isOffered, log }: Ports): Promise<Health> {
  const [offered, ...dependencies] = await Promise.all([isOffered(), ...probes.map((probe) => health(probe, log))]);
  const up = offered && dependencies.every((dependency) => dependency.up);
  return { status: up ? 'up' : offered ? 'down' : 'off', dependencies };
}

async function health(probe: ProbeDependency, log: Log): Promise<DependencyHealth> {
  const { dependency } = probe;
  try {
    await withinPatience(probe.probe(), dependency);
    return { dependency, up: true };
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    // The whole cause goes to the log alone: it may name hosts and accounts.
    log.warn({ err: error }, `${dependency} is down`);
    return { dependency, up: false, why: error.kind === 'throttled' ? 'is busy' : 'does not answer' };
  }
}

async function withinPatience(answer: Promise<void>, dependency: ProbeDependency['dependency']): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new StoreFailure({ dependency, kind: 'unavailable', message: `no answer in ${patienceMs} ms` })),
      patienceMs,
    );
  });
  try {
    await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
