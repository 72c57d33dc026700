import type { Published } from './limits.ts';
import { limits, prices, sources } from './limits.ts';
import type { Demand, measure } from './measure.ts';
import { months } from './months.ts';
import type { Cost, Load, Scenario } from './scenarios.ts';
import { assumedSeconds, scenarios } from './scenarios.ts';

/** Makes the whole of docs/scale.md. The same measurements give the same text. */
export function sheetOf(measured: Awaited<ReturnType<typeof measure>>): string {
  return [
    ...introduction(),
    ...operations(measured),
    ...scenarios(measured).flatMap(chapter),
    ...monthly(measured),
    ...limitsAndPrices(),
  ].join('\n');
}

type Measured = Parameters<typeof sheetOf>[0];

function introduction(): string[] {
  return [
    '# What it can carry',
    '',
    'Made by `npm run scale`; do not edit. **Measured** are the counts of calls, each operation with all that its ' +
      'events set going, by the app over memory (`bench/scale/measure.ts`). **Modelled** are request units, by the',
    "local emulator's charges (1 for a point read of 1 KiB, 5.3 for a write): good for comparing, not for a bill. " +
      '**Published** are limits and prices, which nobody here has met or paid. **Assumed** is what each scenario says, and',
    `that a request holds its place in an instance for ${assumedSeconds * 1_000} ms. In italics is what would be ` +
      'asked for otherwise. Nothing here ran in Azure.',
    '',
  ];
}

function operations({ pushNew, pushOneLayer, retag, pull }: Measured): string[] {
  return [
    '## What an operation asks for',
    '',
    ...table(
      [
        'operation',
        'documents read',
        'written',
        'queries',
        'RU',
        "in the registry's partition",
        "in the repository's",
        'calls of Blob Storage',
        'events',
        'deliveries',
      ],
      [pushNew, pushOneLayer, retag, pull].map(operation),
    ),
    '',
  ];
}

function monthly(measured: Measured): string[] {
  return [
    '## A month',
    '',
    'Each push of an image of which one layer is new, each pull whole and by a fresh instance: the most that it ' +
      'can be. Autoscale is taken as used to a quarter of what is allowed. What is not priced here comes on top; ' +
      'the first 100 GB that leave for the internet are free, the rest is in the table below.',
    '',
    ...table(
      ['size', 'used', 'request units', 'bytes kept', 'calls of Blob Storage', 'together'],
      months(measured).map(({ size, used, units, stored, calls }) => [
        size,
        used,
        money(units),
        money(stored),
        money(calls),
        money(units + stored + calls),
      ]),
    ),
    '',
  ];
}

function limitsAndPrices(): string[] {
  return [
    '## Limits and prices',
    '',
    ...table(
      ['what', 'published', 'from'],
      [...Object.values<Published>(limits), ...Object.values<Published>(prices)].map((each) => [
        each.what,
        quantity(each.value, each.unit),
        reference(each),
      ]),
    ),
    '',
    "Not known here, and in no sum: Event Grid's operations, executions and memory of functions and container apps, " +
      'bytes between regions, Log Analytics.',
    '',
  ];
}

function operation(each: Demand): string[] {
  return [
    each.name,
    each.reads,
    each.writes,
    each.queries,
    whole(each.units),
    whole(each.registryUnits),
    whole(each.repositoryUnits),
    each.blobCalls,
    each.events,
    each.deliveries,
  ].map(String);
}

/** Makes a chapter, with the largest share of a limit first. */
function chapter({ title, assumed, loads, costs, advice }: Scenario): string[] {
  const byShare = [...loads].sort((left, right) => shareOf(right) - shareOf(left));
  const first = byShare.find(({ isOtherwise }) => isOtherwise !== true);
  return [
    `## ${title}`,
    '',
    assumed,
    '',
    ...table(
      ['limit', 'where', 'asked for', 'allowed', 'share'],
      byShare.map((each) => [
        each.limit.what,
        each.isOtherwise === true ? `*${each.where}*` : each.where,
        quantity(each.asked, each.limit.unit),
        quantity(each.limit.value, each.limit.unit),
        percent(shareOf(each)),
      ]),
    ),
    '',
    first === undefined
      ? ''
      : `**Met first: ${first.limit.what}** (${first.where}), ${shareOf(first) > 1 ? 'and passed' : 'and not passed'}. ${advice}`,
    '',
    ...table(['cost', ''], costs.map(cost)),
    '',
  ];
}

const shareOf = ({ asked, limit }: Load) => asked / limit.value;
const percent = (share: number) => (share < 0.01 ? 'below 1 %' : `${Math.round(share * 100).toLocaleString('en')} %`);
const whole = (value: number) => (value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en'));

function cost({ what, dollars }: Cost): string[] {
  return [what, dollars === undefined ? 'the price is not known here' : money(dollars)];
}

function money(dollars: number): string {
  if (dollars === 0) return 'nothing';
  return dollars < 0.01
    ? 'below $0.01'
    : `$${dollars.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** Formats a quantity: bytes by their largest unit, rates of bytes in bits, as networks are published. */
function quantity(value: number, unit: string): string {
  if (unit === '$') return `$${value}`;
  if (unit === 'B/s') return `${whole((value * 8) / 1e9)} Gbit/s`;
  if (unit === 'B') return value < 1024 ** 3 ? `${whole(value / 1024 ** 2)} MiB` : `${whole(value / 1024 ** 3)} GiB`;
  return unit === '/s' ? `${whole(value)} a second` : `${whole(value)} ${unit}`;
}

function reference({ source }: Published): string {
  const { title, url, of } = sources[source];
  return `[${title}](${url}), ${of}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}
