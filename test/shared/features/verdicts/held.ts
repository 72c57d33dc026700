import type { TestImage } from '../../image.ts';
import { ask, pushImage } from '../../image.ts';
import type { Required } from '../identity/required.ts';
import { basic, byAdmin, composeRequired, makeToken, manage } from '../identity/required.ts';

export interface World extends Required {
  /** The headers of somebody who may pull, of one who may push, and of a scanner. */
  readonly puller: Record<string, string>;
  readonly pusher: Record<string, string>;
  readonly scanner: Record<string, string>;
  /** Pushes as the administrator, and has all events done. */
  push(repository: string, reference: string, image: TestImage): Promise<void>;
  /** Has every event done that is not done yet. */
  hear(): Promise<void>;
  pull(who: Record<string, string>, repository: string, reference: string, method?: string): Promise<Response>;
}

/** A registry with login, and three identities beside the administrator. */
export async function heldWorld(options: Parameters<typeof composeRequired>[0] = {}): Promise<World> {
  const longshore = composeRequired(options);
  const of = (name: string, actions: readonly string[]) =>
    makeToken(longshore, name, actions).then((password) => basic(name, password));
  const puller = await of('puller', ['repositories/**/content/read']);
  const pusher = await of('pusher', ['repositories/**/content/read', 'repositories/**/content/write']);
  const scanner = await of('scanner', [
    'repositories/**/content/read',
    'repositories/**/quarantine/read',
    'repositories/**/quarantine/write',
  ]);
  let heard = 0;
  const hear = async () => {
    const { log } = longshore.world.region().events;
    while (heard < log.length) await longshore.events['verdicts-judge'](log[heard++]);
  };
  return {
    ...longshore,
    puller,
    pusher,
    scanner,
    hear,
    async push(repository, reference, image) {
      await pushImage(byAdmin(longshore.app), repository, reference, image);
      await hear();
    },
    pull: (headers, repository, reference, method = 'GET') =>
      ask(longshore.app, method, `/v2/${repository}/manifests/${reference}`, { headers }),
  };
}

/** The names of the events about verdicts, in their order. */
export function verdictEvents({ world }: Pick<World, 'world'>): string[] {
  const types = ['Longshore.ImageHeld', 'Longshore.ImageReleased', 'Longshore.VerdictChanged'];
  return world
    .region()
    .events.log.map(({ type }) => type)
    .filter((type) => types.includes(type))
    .map((type) => type.replace('Longshore.', ''));
}

/** Gives a manifest a state in quarantine as ACR's clients do. */
export function mark(
  { app }: Pick<World, 'app'>,
  headers: Record<string, string>,
  image: TestImage,
  state: string,
  repository = 'team/app',
): Promise<Response> {
  return ask(app, 'PATCH', `/acr/v1/${repository}/_manifests/${image.digest}`, {
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ quarantineState: state, quarantineDetails: '{"state":"scan passed"}' }),
  });
}

export { manage };
