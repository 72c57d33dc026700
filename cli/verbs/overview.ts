import type { components } from '../../generated/api.d.ts';
import type { Pair } from '../output.ts';
import { dataOf } from '../registry/data.ts';
import { bytesOf, counted, timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';

type Overview = components['schemas']['Overview'];

function storedLines({ counts, bytes, quota, bin }: Overview): Pair[] {
  const full = quota?.fullAt === undefined ? '' : `, full at ${timeOf(quota.fullAt)}`;
  return [
    [
      'stored',
      counts === undefined
        ? undefined
        : [
            counted(counts.repositories, 'repository', 'repositories'),
            counted(counts.tags, 'tag'),
            counted(counts.manifests, 'manifest'),
          ].join(', '),
    ],
    [
      'bytes',
      bytes === undefined ? undefined : `${bytesOf(bytes.stored)}, ${bytesOf(bytes.unneeded)} of them unneeded`,
    ],
    [
      'quota',
      quota === undefined ? undefined : `${Math.round(quota.share * 100)} % of ${bytesOf(quota.limitBytes)}${full}`,
    ],
    [
      'recycle bin',
      bin === undefined
        ? undefined
        : [counted(bin.entries, 'entry', 'entries'), bytesOf(bin.bytes)].filter((part) => part !== '').join(', '),
    ],
  ];
}

/** Returns what somebody may have to act on. */
function troubleLines({ webhooks, replication, builds, purge, held }: Overview): Pair[] {
  return [
    ['webhooks', webhooks === undefined ? undefined : `${webhooks.total}, ${webhooks.failing.length} failing`],
    ...(webhooks?.failing ?? []).map(({ name, since, reason }): Pair => [
      'failing',
      [name, timeOf(since), reason ?? ''].join('  ').trimEnd(),
    ]),
    ...(replication?.regions ?? []).map(({ region, state, missing }): Pair => [
      'region',
      `${region}  ${state}${missing === undefined || missing === 0 ? '' : `  lacks ${counted(missing, 'image')}`}`,
    ]),
    ['builds', builds === undefined ? undefined : `${builds.running} under way, ${builds.queued} waiting`],
    ...(builds?.failed ?? []).map(({ id, image, reason }): Pair => [
      'failed',
      [image, id, reason ?? ''].join('  ').trimEnd(),
    ]),
    ...(purge?.awaitingApproval ?? []).map(({ policy, removes }): Pair => [
      'to approve',
      `${policy} removes ${counted(removes, 'image or tag', 'images and tags')}`,
    ]),
    ['held images', held === undefined || held.count === 0 ? undefined : held.count],
  ];
}

export const overview: Verb = {
  name: 'overview',
  does: 'Shows the whole registry at a glance: what is stored, and what somebody has to look at',
  examples: ['overview', 'overview -o json'],
  async run({ connect, output }) {
    const found = dataOf(await (await (await connect()).api).GET('/overview'));
    await output.one(found, {
      name: found.registry,
      lines: [
        ['registry', found.registry],
        ...storedLines(found),
        ...troubleLines(found),
        ...(found.recentPushes ?? []).map(({ repository, tag, digest, at }): Pair => [
          'pushed',
          `${timeOf(at)}  ${tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`}`,
        ]),
        ['not read', found.unavailable.join(', ')],
      ],
    });
  },
};
