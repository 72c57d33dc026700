import { eachAlone } from '../../core/documents/alone.ts';
import type { ScanPorts } from './ports.ts';
import { messageSchema } from './scans/messages.ts';
import { askAnew } from './scans/rescan.ts';
import { startQueued } from './scans/start.ts';
import { makeStep } from './scans/step.ts';
import { forgetGone, refreshMetadata, resume } from './scans/sweep.ts';

/** The work of triggers for scans. */
interface ScanPipeline {
  /** Begins scans that wait, or makes the next step of one. Throws `StoreFailure`: then the message comes again. */
  work(message: unknown): Promise<void>;
  /** Resumes what crashes left, asks scanners for their metadata, and has images scanned anew. */
  sweep(): Promise<void>;
}

/** The milliseconds for one run of a timer that starts every minute. */
const sweepMs = 45_000;

export function scanPipeline(ports: ScanPorts): ScanPipeline {
  return {
    async work(message) {
      const parsed = messageSchema.safeParse(message);
      if (!parsed.success) ports.log.error({ message }, 'a message of the queue scans cannot be read and is dropped');
      else if ('scanner' in parsed.data) await startQueued(ports, parsed.data.scanner);
      else await makeStep(ports, { ...parsed.data, registry: ports.registry }, parsed.data.step);
    },
    async sweep() {
      const until = new Date(ports.clock.now().getTime() + sweepMs);
      await eachAlone(ports.log, 'scanning-sweep', {
        'scans that were left': () => resume(ports, until),
        'reports of images that are gone': () => forgetGone(ports),
        async 'newer databases'() {
          await refreshMetadata(ports);
          await askAnew(ports, until);
        },
      });
    },
  };
}
