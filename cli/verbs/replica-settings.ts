import type { components } from '../../generated/api.d.ts';
import { usageFailure } from '../failure.ts';
import type { Flag, Given } from '../verb.ts';

type Settings = components['schemas']['ReplicationSettings'];

/** The settings of a region to which nothing was said. */
export const defaults: Settings = {
  paused: false,
  filters: { repositories: { include: ['**'], exclude: [] }, tags: { include: ['*'], exclude: [] } },
  priority: 5,
  verify: 'size',
  endpoint: true,
};

export const settingFlags: readonly Flag[] = [
  { flags: '--repositories <patterns>', says: 'the repositories that are copied, by commas, as in team/**,base' },
  { flags: '--not-repositories <patterns>', says: 'those of them that are not, or none' },
  { flags: '--tags <patterns>', says: 'the tags that are copied, by commas, as in 1.*,latest' },
  { flags: '--not-tags <patterns>', says: 'those of them that are not, or none' },
  { flags: '--artifact-types <types>', says: 'the artifact types that are copied, by commas, or all' },
  { flags: '--priority <number>', says: 'the priority of its copies among those of other registries; 1 goes first' },
  { flags: '--rate <bytes>', says: 'the most that an instance copies in a second, as in 20MB, or none' },
  { flags: '--verify <how>', says: 'size, or hash to read each copy whole', choices: ['size', 'hash'] },
  { flags: '--endpoint <is>', says: 'on if a front door may send clients there', choices: ['on', 'off'] },
];

const units = { '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9 } as const;

/** Returns the bytes of a text such as `20MB`; `undefined` is no limit. */
function rateFrom(text: string): number | undefined {
  if (text === 'none') return undefined;
  const [, digits, unit = ''] = /^(\d{1,12})(B|KB|MB|GB)?$/.exec(text) ?? [];
  if (digits === undefined) throw usageFailure('--rate must be bytes a second as in 20MB, or none');
  return Number(digits) * units[unit as keyof typeof units];
}

function listFrom(text: string | undefined, before: readonly string[], nothing: string): string[] {
  if (text === undefined) return [...before];
  return text === nothing ? [] : text.split(',').map((each) => each.trim());
}

function priorityFrom(text: string | undefined, before: number): number {
  if (text === undefined) return before;
  if (!/^\d{1,3}$/.test(text)) throw usageFailure('--priority must be a whole number, as in 1');
  return Number(text);
}

/** Returns settings as the flags say, and as they were where no flag says anything. */
export function settingsFrom(given: Given, before: Settings, mustChange = false): Settings {
  if (mustChange && settingFlags.every((flag) => given.text(nameOf(flag)) === undefined))
    throw usageFailure(
      `nothing would change: give one of ${settingFlags.map(({ flags }) => flags.split(' ')[0]).join(', ')}`,
    );
  const { repositories, tags, artifactTypes: typesBefore } = before.filters;
  const [types, rate, endpoint] = [given.text('artifactTypes'), given.text('rate'), given.text('endpoint')];
  const artifactTypes = types === 'all' ? undefined : types === undefined ? typesBefore : types.split(',');
  const bytesPerSecond = rate === undefined ? before.bytesPerSecond : rateFrom(rate);
  return {
    paused: before.paused,
    filters: {
      repositories: {
        include: listFrom(given.text('repositories'), repositories.include, ''),
        exclude: listFrom(given.text('notRepositories'), repositories.exclude, 'none'),
      },
      tags: {
        include: listFrom(given.text('tags'), tags.include, ''),
        exclude: listFrom(given.text('notTags'), tags.exclude, 'none'),
      },
      ...(artifactTypes === undefined ? {} : { artifactTypes }),
    },
    priority: priorityFrom(given.text('priority'), before.priority),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    verify: (given.text('verify') as Settings['verify'] | undefined) ?? before.verify,
    endpoint: endpoint === undefined ? before.endpoint : endpoint === 'on',
  };
}

/** Returns the name under which commander gives a flag's value: `--not-tags <patterns>` is `notTags`. */
function nameOf({ flags }: Flag): string {
  return (flags.split(' ')[0] ?? '').slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
