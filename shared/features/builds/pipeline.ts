import { z } from 'zod';
import { eachAlone } from '../../core/documents/alone.ts';
import type { CatalogueEvent } from '../../core/events/envelope.ts';
import { learnTouched } from './bases/touched.ts';
import { beginBuilds } from './plan/go-on.ts';
import { followNewerTag } from './plan/newer-tag.ts';
import { nodesWhere } from './plan/nodes.ts';
import { reconcileWaiting } from './plan/reconcile.ts';
import { planUpdate, publishUpdated } from './plan/updates.ts';
import { workOn } from './plan/work.ts';
import type { BuildPorts } from './ports.ts';
import { lineUpOnTime } from './tasks/on-time.ts';
import { watchUpstreams } from './upstream/watch.ts';

/** The work of triggers for bases and the images that are built on them. */
export interface BuildPipeline {
  readonly ports: BuildPorts;
  /**
   * Learns what an event's image is built on, and publishes the update of a base. Throws `StoreFailure`: then the event
   * must be delivered again.
   */
  learn(event: CatalogueEvent): Promise<void>;
  /** Puts an update of a base in line. Throws `StoreFailure`. */
  plan(event: CatalogueEvent): Promise<void>;
  /** Makes images of the build that a message of the queue `build-runs` names. */
  work(message: unknown): Promise<void>;
  /** Resumes what crashes and outages left. */
  sweep(): Promise<void>;
}

/** The milliseconds for one message: well below the time that the host gives a function (host.json). */
const workMs = 8 * 60_000;
/** The milliseconds for one run of a timer that starts every minute. */
const sweepMs = 45_000;

const messageSchema = z.union([z.object({ build: z.string() }), z.object({ watch: z.literal(true) })]);

export function buildPipeline(ports: BuildPorts): BuildPipeline {
  const until = (ms: number) => new Date(ports.clock.now().getTime() + ms);
  return {
    ports,
    async learn(event) {
      await learnTouched(ports, event);
      if (event.type === 'Longshore.TagMoved') await publishUpdated(ports, event);
      if (event.type === 'Microsoft.ContainerRegistry.ImagePushed') await followNewerTag(ports, event);
    },
    async plan(event) {
      if (event.type === 'Longshore.BaseImageUpdated') await planUpdate(ports, event);
    },
    async work(message) {
      const parsed = messageSchema.safeParse(message);
      if (!parsed.success)
        ports.log.error({ message }, 'a message of the queue build-runs cannot be read and is dropped');
      else if ('watch' in parsed.data) await watchUpstreams(ports, until(sweepMs));
      else await workOn(ports, parsed.data.build, until(workMs));
    },
    async sweep() {
      const lined = lineUpOnTime(ports);
      await eachAlone(ports.log, 'builds-sweep', {
        'tags of upstreams': () => watchUpstreams(ports, until(sweepMs)),
        schedules: () => lined,
        async builds() {
          // Builds that are due by now begin in this very run; the log has the error above if one could not be put in
          // line.
          await lined.catch(() => undefined);
          const builds = await beginBuilds(ports);
          await eachAlone(
            ports.log,
            'builds-sweep',
            Object.fromEntries(
              builds.map((build) => [`build ${build}`, () => sweepBuild(ports, build, until(sweepMs))]),
            ),
          );
        },
      });
    },
  };
}

async function sweepBuild(ports: BuildPorts, build: string, until: Date): Promise<void> {
  // Reconciles images that still wait after a crash, although nothing they wait for is under way.
  for await (const node of nodesWhere(ports, build, [{ path: 'state', is: '=', value: 'waiting' }]))
    await reconcileWaiting(ports, node);
  await workOn(ports, build, until);
}
