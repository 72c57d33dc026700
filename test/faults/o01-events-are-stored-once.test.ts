import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import type { Delivery } from '../../shared/features/webhooks/documents.ts';
import { redeliver } from '../../shared/features/webhooks/redeliver.ts';
import { answered, hour, Simulation } from '../shared/features/webhooks/simulation.ts';

const day = 24 * hour;
const down = () => answered(503);

/** Hooks whose receivers all fail, and one event for all of them. */
async function waiting(hooks: number): Promise<Simulation> {
  const simulation = new Simulation();
  for (let n = 0; n < hooks; n += 1) {
    await simulation.hook(`dead${n}`);
    simulation.receivers.set(`dead${n}.example`, down);
  }
  simulation.push('once');
  await simulation.turn();
  return simulation;
}

async function storedBytes(simulation: Simulation): Promise<number> {
  const all = await simulation.documents({ container: 'deliveries', where: [{ path: 'id', is: '>', value: '' }] });
  return all.reduce((sum, document) => sum + JSON.stringify(document).length, 0);
}

describe('an event that waits for many receivers', () => {
  it('is stored once, and not once for each hook', async () => {
    const simulation = await waiting(8);
    const deliveries = await simulation.deliveries();
    expect(deliveries).toHaveLength(8);
    expect(deliveries.filter((each) => 'event' in each || JSON.stringify(each).includes('"useragent"'))).toEqual([]);
    const event = JSON.stringify(
      (
        await simulation.documents({
          container: 'deliveries',
          where: [{ path: 'type', is: '=', value: 'webhook-dispatch' }],
        })
      )[0]?.['event'],
    );
    const more = await waiting(16);
    console.info(
      `an event of ${event.length} bytes: ` +
        `${Math.round(((await storedBytes(more)) - (await storedBytes(simulation))) / 8)} bytes for each delivery`,
    );
  });

  it('reaches each receiver that comes back as it was, and is in the log of each', async () => {
    const simulation = await waiting(3);
    simulation.receivers.clear();
    await simulation.runFor(2 * hour);
    expect((await simulation.deliveries()).map(({ status }) => status)).toEqual([
      'delivered',
      'delivered',
      'delivered',
    ]);
    for (const name of ['dead0', 'dead1', 'dead2']) {
      const bodies = simulation.gotBy(name).map(({ body }) => body);
      expect(bodies.length).toBeGreaterThan(1);
      expect(new Set(bodies).size).toBe(1);
    }
    const { app } = composeForTest({ world: simulation.world });
    const [delivery] = await simulation.deliveries('dead0');
    const shown = (await (
      await app.fetch(
        new Request(`http://registry.test/api/v1/webhooks/dead0/deliveries/${delivery?.deliveryId ?? ''}`),
      )
    ).json()) as { eventId: string; event: { id: string } };
    expect([shown.eventId, shown.event.id]).toEqual(['once', 'once']);
  });

  it('is there for as long as a delivery that is begun anew, however late that is, and the log goes by itself behind it', async () => {
    const simulation = await waiting(1);
    await simulation.runFor(2 * day);
    const [delivery] = await simulation.deliveries();
    expect(delivery?.status).toBe('expired');
    simulation.clock.advance(27 * day);
    await redeliver(simulation.ports, 'dead0', delivery?.deliveryId ?? '');
    await simulation.runFor(5 * hour);
    simulation.clock.advance(28 * day);
    simulation.receivers.clear();
    await redeliver(simulation.ports, 'dead0', delivery?.deliveryId ?? '');
    await simulation.runFor(hour);
    expect((await simulation.deliveries()).map(({ status }) => status)).toEqual(['delivered']);
    expect(new Set(simulation.gotBy('dead0').map(({ body }) => body)).size).toBe(1);
    simulation.clock.advance(41 * day);
    expect(await storedBytes(simulation)).toBe(0);
  });

  it('is forgotten after eight days where no hook is for it', async () => {
    const simulation = new Simulation();
    simulation.push('nobody');
    await simulation.turn();
    expect(await storedBytes(simulation)).toBeGreaterThan(0);
    simulation.clock.advance(9 * day);
    expect(await storedBytes(simulation)).toBe(0);
  });
});

describe('a delivery that an older version wrote, with its event', () => {
  it('is delivered and shown as it is, and stays whole when it is written again', async () => {
    const simulation = await waiting(1);
    const { documents } = connectMemory(simulation.world);
    const [delivery] = (await simulation.deliveries()) as [Delivery];
    const [marker] = await simulation.documents({
      container: 'deliveries',
      where: [{ path: 'type', is: '=', value: 'webhook-dispatch' }],
    });
    const { eventId: _, ...old } = delivery;
    const written = await documents.commitDocuments(
      'deliveries',
      [delivery.webhook, delivery.day],
      [{ do: 'upsert', document: { ...old, event: marker?.['event'] } }],
    );
    expect(written.committed).toBe(true);
    await documents.commitDocuments(
      'deliveries',
      [String(marker?.['webhook']), delivery.day],
      [{ do: 'delete', id: String(marker?.id) }],
    );
    simulation.receivers.clear();
    await simulation.runFor(2 * hour);
    const [after] = await simulation.deliveries();
    expect([after?.status, after?.event?.id]).toEqual(['delivered', 'once']);
    expect(new Set(simulation.gotBy('dead0').map(({ body }) => body)).size).toBe(1);
  });

  it('whose event has left the log says so, and is tried and ended as any other', async () => {
    const simulation = await waiting(1);
    const { documents } = connectMemory(simulation.world);
    const [marker] = await simulation.documents({
      container: 'deliveries',
      where: [{ path: 'type', is: '=', value: 'webhook-dispatch' }],
    });
    await documents.commitDocuments(
      'deliveries',
      [String(marker?.['webhook']), String(marker?.['day'])],
      [{ do: 'delete', id: String(marker?.id) }],
    );
    await simulation.runFor(9 * day);
    const [delivery] = await simulation.deliveries();
    expect([
      delivery?.status,
      JSON.stringify(delivery?.attempts.at(-1)?.outcome).includes('was deleted from the log'),
    ]).toEqual(['expired', true]);
  });
});
