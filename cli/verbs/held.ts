import type { components } from '../../generated/api.d.ts';
import type { Context } from '../context.ts';
import { Failure, usageFailure } from '../failure.ts';
import type { List, Pair } from '../output.ts';
import type { Reference } from '../registry/address.ts';
import { nameOfImage, parseImage } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import { manifestsOf } from '../registry/listed.ts';
import { itemsOf } from '../registry/pages.ts';
import type { Api } from '../registry/registry.ts';
import { counted, shortDigest, timeOf } from '../text/words.ts';
import type { Given, Verb } from '../verb.ts';
import { hoursOf } from './covering.ts';

type Held = components['schemas']['HeldImage'];

/** Returns the judgements that hold an image, or would if it were not released. */
function holdingOf({ judgements }: Held) {
  return judgements.filter(({ state, mode }) => state !== 'passed' && mode === 'enforce');
}

const list: List<Held> = {
  columns: [
    {
      title: 'IMAGE',
      mayShrink: true,
      text: ({ repository, digest }) => `${repository}@${shortDigest(digest)}`,
      raw: ({ repository, digest }) => `${repository}@${digest}`,
    },
    {
      title: 'HELD BY',
      mayShrink: true,
      text: (held) =>
        holdingOf(held)
          .flatMap(({ policies }) => policies)
          .join(' '),
    },
    {
      title: 'SINCE',
      text: (held) => timeOf(holdingOf(held)[0]?.at),
      raw: (held) => holdingOf(held)[0]?.at,
    },
    { title: 'WHY', mayShrink: true, text: (held) => holdingOf(held)[0]?.reasons[0] },
  ],
  nameOf: ({ repository, digest }) => `${repository}@${digest}`,
  whenEmpty: 'No image is held.',
};

async function* heldBelow(items: AsyncIterable<Held>, prefix: string): AsyncGenerator<Held> {
  for await (const item of items) if (item.repository.startsWith(prefix)) yield item;
}

export const held: Verb = {
  name: 'held',
  does: 'Lists the images that are held, by which policies, and why',
  takes: '[prefix]',
  notes: [
    'PREFIX is the beginning of the names of repositories. The order is none: pipe -o tsv to sort.',
    'longshore why IMAGE says what to do about one.',
  ],
  examples: ['held', 'held prod/', 'held prod/ -o name'],
  async run({ connect, output }, given) {
    const items = itemsOf(await connect(), '/verdicts/held', { query: { limit: 100 } });
    await output.list(heldBelow(items, given.at(0)), list);
  },
};

/** Does something to each manifest of an image; the image itself is last, so that it opens when all of it is open. */
async function eachOf(
  context: Context,
  image: Reference,
  act: (api: Api, query: { readonly repository: string; readonly digest: string }) => Promise<Held>,
  /** The code of the refusal for a manifest to which nothing is to be done. */
  isDone: string,
): Promise<{ readonly acted: readonly Held[]; readonly last: Held }> {
  const registry = await context.connect(image);
  const api = await registry.api;
  const { repository } = image;
  const { digest, children } = await manifestsOf(registry, image);
  const acted: Held[] = [];
  let refusal: Failure | undefined;
  for (const each of [...children, digest]) {
    await context.progress(children.length === 0 ? '' : `${acted.length} of ${children.length + 1} manifests…`);
    try {
      acted.push(await act(api, { repository, digest: each }));
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== isDone) throw error;
      refusal = error;
    }
  }
  await context.progress('');
  const last = acted.at(-1);
  if (last === undefined) throw refusal ?? new Failure(`nothing was done to ${nameOfImage(image)}`);
  return { acted, last };
}

function linesOf({ acted, last }: { readonly acted: readonly Held[]; readonly last: Held }): Pair[] {
  return [
    ['image', `${last.repository}@${last.digest}`],
    ['held', last.held ? 'yes' : 'no'],
    ['released until', timeOf(last.release?.until)],
    ['by', last.release?.by],
    ['reason', last.release?.reason],
    ['manifests', acted.length === 1 ? undefined : `${counted(acted.length, 'manifest')} of the image`],
  ];
}

const nameOf = ({ repository, digest }: Held) => `${repository}@${digest}`;

async function releaseImage(context: Context, given: Given): Promise<void> {
  const image = parseImage(given.at(0));
  const [reason, hours] = [given.text('reason'), hoursOf(given, 'hours') ?? 24];
  if (reason === undefined) throw usageFailure('say why, for those who ask later: --reason "the fix is being signed"');
  const body = { reason, hours };
  const done = await eachOf(
    context,
    image,
    async (api, query) => dataOf(await api.POST('/images/release', { params: { query }, body })),
    'imageNotHeld',
  );
  await context.output.one(done.last, { name: nameOf(done.last), lines: linesOf(done) });
  await context.output.say(`end it: ${context.world.call} end-release ${nameOfImage(image)}`);
}

export const release: Verb = {
  name: 'release',
  does: 'Opens a held image for some hours, whatever its policies say, with all that it lists',
  takes: '<image>',
  flags: [
    { flags: '--reason <text>', says: 'the reason, which is kept and told by an event' },
    { flags: '--hours <hours>', says: 'when its policies count again: 1 to 720 hours (24)' },
  ],
  notes: [
    'It takes management/write, or quarantine/write of the repository. The release is of the manifest that the tag names now.',
  ],
  examples: [
    'release prod/app:1 --reason "the signer is down, ticket 4711"',
    'release prod/app:1 --hours 4 --reason "hotfix"',
  ],
  run: releaseImage,
};

export const endRelease: Verb = {
  name: 'end-release',
  does: 'Ends the release of an image before its time: its policies count again',
  takes: '<image>',
  examples: ['end-release prod/app:1'],
  async run(context, given) {
    const done = await eachOf(
      context,
      parseImage(given.at(0)),
      async (api, query) => dataOf(await api.DELETE('/images/release', { params: { query } })),
      'imageNotReleased',
    );
    await context.output.one(done.last, { name: nameOf(done.last), lines: linesOf(done) });
  },
};
