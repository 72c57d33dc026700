interface Scope {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** The settings of a policy. The kit, which has the API's own type of them, is for browsers alone. */
interface Rules {
  readonly repositories: Scope;
  readonly tags: Scope;
  readonly remove: readonly object[];
  readonly keep: readonly object[];
  readonly retentionDays: number;
  readonly schedule: { readonly every: string; readonly at: string; readonly on: string };
  readonly brakePercent: number;
}

/** Each field of a rule: its name in the API, its label, and how it is typed. */
export type Field = readonly [key: string, label: string, kind: 'number' | 'words' | 'text' | 'pairs', hint?: string];

const range: Field = ['semver', 'Its tag is a version within', 'text', 'A range as npm writes it, as in >=1.2 <2.'];
const tags: Field = ['tags', 'Its tag is one of', 'words', 'Patterns with spaces between them; * stands for anything.'];

/** The conditions of a rule to remove. */
export const removeFields: readonly Field[] = [
  ['untaggedDays', 'Has had no tag for days', 'number'],
  ['notPulledDays', 'Was not pulled for days', 'number'],
  ['olderThanDays', 'Was pushed before days', 'number'],
  ['beyondNewest', 'Is not among the newest', 'number'],
  tags,
  range,
  ['artifactTypes', 'Is of one of these types', 'words', 'Artifact types, or media types of configs.'],
];

/** The conditions of a rule to keep. */
export const keepFields: readonly Field[] = [
  tags,
  range,
  ['newest', 'Is among the newest', 'number'],
  ['pulledWithinDays', 'Was pulled within days', 'number'],
  ['labels', 'Has these labels', 'pairs', 'NAME=VALUE, one a line; a value may have *.'],
];

/** A rule as somebody types it: each field is a text. */
export type TypedRule = Readonly<Record<string, string>>;

/** A policy as somebody types it. */
export interface TypedPolicy {
  readonly repositories: string;
  readonly exceptRepositories: string;
  readonly tags: string;
  readonly exceptTags: string;
  readonly remove: readonly TypedRule[];
  readonly keep: readonly TypedRule[];
  readonly retentionDays: string;
  readonly every: string;
  readonly at: string;
  readonly on: string;
  readonly brakePercent: string;
}

export function typedOf({ repositories, tags: scope, remove, keep, schedule, ...rest }: Rules): TypedPolicy {
  return {
    repositories: repositories.include.join(' '),
    exceptRepositories: repositories.exclude.join(' '),
    tags: scope.include.join(' '),
    exceptTags: scope.exclude.join(' '),
    remove: remove.map((rule) => typedRule(rule, removeFields)),
    keep: keep.map((rule) => typedRule(rule, keepFields)),
    retentionDays: String(rest.retentionDays),
    brakePercent: String(rest.brakePercent),
    ...schedule,
  };
}

type Value = undefined | string | number | readonly string[] | Readonly<Record<string, string>>;

function typedRule(rule: object, fields: readonly Field[]): TypedRule {
  const values = rule as Readonly<Record<string, Value>>;
  const text = (value: Value) => {
    if (value === undefined) return '';
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    if (Array.isArray(value)) return value.join(' ');
    const pairs = Object.entries(value as Readonly<Record<string, string>>);
    return pairs.map(([name, each]) => `${name}=${each}`).join('\n');
  };
  return Object.fromEntries(['name', ...fields.map(([key]) => key)].map((key) => [key, text(values[key])]));
}

/** Returns what is typed otherwise than it was, as the API has it: what others change meanwhile stays so. */
export function changesOf(before: TypedPolicy, now: TypedPolicy): object {
  const isOther = (...keys: (keyof TypedPolicy)[]) =>
    keys.some((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]));
  const scope = (include: string, exclude: string) => ({ include: wordsIn(include), exclude: wordsIn(exclude) });
  return {
    ...(isOther('repositories', 'exceptRepositories')
      ? { repositories: scope(now.repositories, now.exceptRepositories) }
      : {}),
    ...(isOther('tags', 'exceptTags') ? { tags: scope(now.tags, now.exceptTags) } : {}),
    ...(isOther('remove') ? { remove: now.remove.map((rule) => ruleOf(rule, removeFields)) } : {}),
    ...(isOther('keep') ? { keep: now.keep.map((rule) => ruleOf(rule, keepFields)) } : {}),
    ...(isOther('every', 'at', 'on') ? { schedule: { every: now.every, at: now.at, on: now.on } } : {}),
    ...(isOther('retentionDays') ? { retentionDays: numberIn(now.retentionDays, 'Days in the recycle bin') } : {}),
    ...(isOther('brakePercent') ? { brakePercent: numberIn(now.brakePercent, 'Brake, in percent') } : {}),
  };
}

function ruleOf(rule: TypedRule, fields: readonly Field[]): object {
  const given = fields.filter(([key]) => (rule[key] ?? '').trim() !== '');
  return {
    name: (rule.name ?? '').trim(),
    ...Object.fromEntries(given.map(([key, label, kind]) => [key, valueOf(rule[key] ?? '', label, kind)])),
  };
}

function valueOf(text: string, label: string, kind: Field[2]): unknown {
  if (kind === 'number') return numberIn(text, label);
  if (kind === 'words') return wordsIn(text);
  if (kind === 'text') return text.trim();
  return Object.fromEntries(
    parted(text, /\n/).map((line) => {
      const at = line.indexOf('=');
      if (at < 1) throw new Error(`"${line}" is no label: write NAME=VALUE.`);
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

function numberIn(text: string, label: string): number {
  if (!/^[1-9]\d*$/.test(text.trim())) throw new Error(`"${label}" must be a whole number from 1 on.`);
  return Number(text);
}

function wordsIn(text: string): string[] {
  return parted(text, /[\s,]+/);
}

function parted(text: string, by: RegExp): string[] {
  return text
    .split(by)
    .map((each) => each.trim())
    .filter((each) => each !== '');
}
