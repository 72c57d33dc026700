import { expect, it } from 'vitest';
import { webhookViews } from '../../../../shared/features/webhooks/views.ts';
import { answered, minute, registry, Simulation } from './simulation.ts';

it('a view of webhooks has for each a light and the time of its last delivery', async () => {
  const simulation = new Simulation();
  for (const name of ['alive', 'broken', 'idle', 'silent']) await simulation.hook(name);
  await simulation.change('idle', (hook) => ({ ...hook, actions: ['delete'] }));
  await simulation.change('silent', (hook) => ({ ...hook, status: 'disabled' }));
  simulation.receivers.set('broken.example', () => answered(503));
  const view = () => webhookViews(simulation.instance.ports.documents, registry).webhooks();
  expect((await view()).latest.map(({ name, state, at }) => [name, state, at])).toEqual([
    ['alive', 'working', undefined],
    ['broken', 'working', undefined],
    ['idle', 'working', undefined],
    ['silent', 'off', undefined],
  ]);
  const pushed = simulation.clock.now().toISOString();
  simulation.push('first');
  await simulation.runFor(minute);
  const { total, failing, latest } = await view();
  expect(total).toBe(4);
  expect(failing).toMatchObject([{ name: 'broken' }]);
  expect(latest).toEqual([
    { name: 'alive', state: 'working', status: 'delivered', at: expect.any(String) as string },
    { name: 'broken', state: 'failing', status: 'waiting', at: expect.any(String) as string },
    { name: 'idle', state: 'working' },
    { name: 'silent', state: 'off' },
  ]);
  const [alive, broken] = latest.map(({ at = '' }) => at);
  expect(alive && alive >= pushed).toBe(true);
  // It was tried again since.
  expect(broken && alive && broken > alive).toBe(true);
});

it('a view of very many webhooks is bounded, and counts them all', async () => {
  const simulation = new Simulation();
  for (let n = 0; n < 30; n += 1) await simulation.hook(`hook${String(n).padStart(2, '0')}`);
  const { total, latest } = await webhookViews(simulation.instance.ports.documents, registry).webhooks();
  expect(total).toBe(30);
  expect(latest.map(({ name }) => name)).toEqual(Array.from({ length: 10 }, (_, n) => `hook0${n}`));
});
