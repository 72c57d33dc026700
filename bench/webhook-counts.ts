import { dispatch } from '../shared/features/webhooks/dispatch.ts';
import { answered, pushEvent, Simulation } from '../test/shared/features/webhooks/simulation.ts';

const [others, matching, failing] = [90, 10, 3];

interface Figure {
  readonly name: string;
  readonly value: string;
}

/** Counts exactly the calls to stores and receivers for one event. */
export async function webhookCounts(): Promise<Figure[]> {
  return [
    await counted(`calls: an event of no hook among ${others}`, 0, 0),
    await counted(`calls: an event of ${matching} hooks among ${others + matching}`, matching, 0),
    await counted(`calls: the same, ${failing} of them failing for the first time`, matching, failing),
  ];
}

async function counted(name: string, wanting: number, refusing: number): Promise<Figure> {
  const simulation = new Simulation();
  for (let n = 0; n < others; n += 1) await simulation.hook(`other${n}`, { scope: 'another/app:*' });
  for (let n = 0; n < wanting; n += 1) await simulation.hook(`hook${n}`);
  for (let n = 0; n < refusing; n += 1) simulation.receivers.set(`hook${n}.example`, () => answered(503));
  const { ports, calls } = simulation.connect();
  await dispatch(ports, pushEvent('counted', simulation.clock.now()));
  const made = Map.groupBy(calls.list, (call) => (call === 'receiver.post' ? 'posts' : call));
  return { name, value: [...made].map(([call, times]) => `${call} ${times.length}`).join(', ') };
}
