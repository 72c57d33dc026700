import type { CatalogueEvent } from '../../core/events/envelope.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DueRun } from './due.ts';
import { runDue, settleDue } from './due.ts';
import { sweepLeftovers } from './leftovers.ts';
import { markTouched } from './policy/mark.ts';
import type { PolicyPorts } from './policy/ports.ts';
import { runPolicies } from './policy/run.ts';

/** What triggers do about the bin, the blobs and the policies. */
export interface PurgePipeline {
  runDue(): Promise<DueRun>;
  settleDue(): Promise<void>;
  markTouched(event: CatalogueEvent): Promise<void>;
  runPolicies(): Promise<void>;
  sweepLeftovers(): Promise<void>;
}

/** A timer starts every minute: what is left when this is over is the next one's. In milliseconds. */
const timerRunMs = 45_000;

export function purgePipeline(ports: PolicyPorts, registry: RegistryName): PurgePipeline {
  const { clock, log } = ports;
  const endOfRun = () => new Date(clock.now().getTime() + timerRunMs);
  return {
    async runDue() {
      const run = await runDue(ports, endOfRun());
      if (Object.keys(run.done).length > 0 || run.failed > 0)
        log.info({ ...run }, 'the bin and the blobs were looked after');
      return run;
    },
    async settleDue() {
      const settled = await settleDue(ports, endOfRun());
      if (settled > 0) log.info({ settled }, 'what was left unsettled around manifests is settled');
    },
    markTouched: (event) => markTouched(ports, registry, event),
    async runPolicies() {
      const { looking, plans } = await runPolicies(ports, registry, endOfRun());
      if (looking.length > 0) log.info({ looking }, 'purge policies look through what is stored');
      for (const { policy, plan, state, outcome, over } of plans)
        log.info({ policy, plan, state, outcome, over }, 'a purge policy ran');
    },
    async sweepLeftovers() {
      const deleted = await sweepLeftovers(ports, registry, endOfRun());
      if (deleted > 0) log.info({ deleted }, 'blobs that no document names are deleted');
    },
  };
}
