import { z } from 'zod';
import { globMatcher, patternSyntax } from '../../core/rules/pattern.ts';
import type { SignedStatement } from './outcome.ts';
import { ExpressionFault, linearExpression } from './sigstore/linear-expression.ts';
import { quoted } from './sigstore/quoted.ts';

/** The fields that have a name of their own, and are found in each type of attestation that has them. */
const fieldNames = [
  'builder',
  'buildType',
  'sourceUri',
  'sourceRef',
  'verifier',
  'policy',
  'resourceUri',
  'result',
  'level',
] as const;
type FieldName = (typeof fieldNames)[number];

/** A pointer into the predicate (RFC 6901). */
const pointer = /^(?:\/(?:[^~/]|~[01]){0,200}){1,10}$/;
const isField = (text: string) => fieldNames.some((each) => each === text) || pointer.test(text);

const printable = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[ -~]*$/, 'must be printable ASCII');

/** A rule on the content of an attestation. */
export const ruleSchema = z
  .strictObject({
    field: z
      .string()
      .max(500)
      .refine(isField, `must be one of ${fieldNames.join(', ')}, or a JSON pointer into the predicate, as in /a/b`)
      .describe(
        'The field of the predicate. builder, buildType, sourceUri and sourceRef are of SLSA provenance, verifier, ' +
          'policy, resourceUri, result and level of a verification summary, result also of test results; anything else ' +
          'is a JSON pointer, as in /runDetails/metadata/invocationId.',
      ),
    values: z
      .array(printable)
      .min(1)
      .max(20)
      .optional()
      .describe(`The values that are allowed, each exactly or as a pattern for the whole value, ${patternSyntax}.`),
    expression: printable
      .superRefine((source, context) => {
        try {
          linearExpression(source);
        } catch (error) {
          if (!(error instanceof ExpressionFault)) throw error;
          context.addIssue({ code: 'custom', message: error.message });
        }
      })
      .optional()
      .describe(
        'A regular expression for the whole value, without looking ahead or behind and without references back.',
      ),
  })
  .refine(({ values, expression }) => (values === undefined) !== (expression === undefined), {
    message: 'give exactly one of values and expression',
    path: ['values'],
  });
export type Rule = z.infer<typeof ruleSchema>;

/** The most rules of a policy. */
export const mostRules = 20;

/** Says which rules a statement does not meet, a sentence each. All rules must be met. */
export function faultsByRules(statement: SignedStatement | undefined, rules: readonly Rule[]): string[] {
  return rules.flatMap((rule) => {
    const fault = faultBy(rule, statement?.predicate);
    return fault === undefined ? [] : [fault];
  });
}

/** A longer value is refused: comparing it would cost more than it is worth. */
const longestValue = 4_000;

function faultBy({ field, values, expression }: Rule, predicate: unknown): string | undefined {
  const found = valuesOf(field, predicate);
  const texts = found.filter((each): each is string => each !== undefined && each.length <= longestValue);
  if (texts.length === 0) return `The attestation has no ${field} that can be compared.`;
  const matchers = expression === undefined ? (values ?? []).map(globMatcher) : [linearExpression(expression)];
  const matches = (text: string) => matchers.some((match) => match(text));
  // One level of several is enough. Of several sources each must be allowed: the build may have used any of them.
  const isMet = field === 'level' ? texts.some(matches) : texts.length === found.length && texts.every(matches);
  if (isMet) return undefined;
  const wrong = texts.find((each) => !matches(each)) ?? '';
  return `The ${field} of the attestation is ${quoted(wrong)}, and ${quoted(expression ?? (values ?? []).join(', '))} is asked for.`;
}

function valuesOf(field: string, predicate: unknown): (string | undefined)[] {
  const finder = Object.hasOwn(named, field) ? named[field as FieldName] : undefined;
  return finder === undefined ? [textOf(atPointer(predicate, field))] : finder(predicate);
}

/** Takes the first of several places, as versions of a predicate differ in theirs. */
const firstOf =
  (...paths: readonly string[]) =>
  (predicate: unknown): (string | undefined)[] => {
    const values = paths.map((path) => at(predicate, path)).filter((each) => each !== undefined);
    // A predicate that has a field in two places means two things.
    return values.map(textOf);
  };

const named: Readonly<Record<FieldName, (predicate: unknown) => (string | undefined)[]>> = {
  // SLSA v1 in the first place, and v0.2 in the second.
  builder: firstOf('runDetails.builder.id', 'builder.id'),
  buildType: firstOf('buildDefinition.buildType', 'buildType'),
  sourceUri: (predicate) => sourcesOf(predicate).map(({ uri }) => uri),
  sourceRef: (predicate) => sourcesOf(predicate).map(({ ref }) => ref),
  verifier: firstOf('verifier.id'),
  policy: firstOf('policy.uri'),
  resourceUri: firstOf('resourceUri'),
  result: firstOf('verificationResult', 'result'),
  level: (predicate) => {
    const levels = at(predicate, 'verifiedLevels');
    return Array.isArray(levels) ? levels.slice(0, 100).map(textOf) : [];
  },
};

interface Source {
  readonly uri: string | undefined;
  readonly ref: string | undefined;
}

/**
 * Finds what was built: GitHub's workflow, BuildKit's context or a generator's `source`, and the `configSource` of v0.2.
 * Dependencies are no source: they list what else was fetched, which anybody's build may.
 */
function sourcesOf(predicate: unknown): Source[] {
  const workflow = at(predicate, 'buildDefinition.externalParameters.workflow');
  const given = [
    at(predicate, 'buildDefinition.externalParameters.configSource.uri'),
    at(predicate, 'buildDefinition.externalParameters.source.uri') ??
      at(predicate, 'buildDefinition.externalParameters.source'),
    at(predicate, 'invocation.configSource.uri'),
  ].filter((each) => each !== undefined);
  const ofWorkflow =
    workflow === undefined ? [] : [{ uri: textOf(at(workflow, 'repository')), ref: textOf(at(workflow, 'ref')) }];
  return [...ofWorkflow, ...given.map(sourceIn)];
}

/** Parts the address of a repository from the ref that is written behind it, as `git+https://host/path@ref` or `#ref`. */
function sourceIn(value: unknown): Source {
  const text = textOf(value)?.replace(/^git\+/, '');
  if (text === undefined) return { uri: undefined, ref: undefined };
  const hash = text.indexOf('#');
  // A user may stand before the host, so that only an "@" of the path counts.
  const path = text.includes('://') ? text.indexOf('/', text.indexOf('://') + 3) : 0;
  const beforeRef = text.indexOf('@refs/', Math.max(path, 0));
  const last = text.lastIndexOf('@');
  const sign = beforeRef !== -1 ? beforeRef : last > path ? last : -1;
  const end = hash !== -1 && (sign === -1 || hash < sign) ? hash : sign;
  if (end === -1) return { uri: text, ref: undefined };
  return { uri: text.slice(0, end), ref: text.slice(end + 1) };
}

function at(value: unknown, path: string): unknown {
  let here = value;
  for (const name of path.split('.')) here = memberOf(here, name);
  return here;
}

function atPointer(value: unknown, text: string): unknown {
  let here = value;
  for (const part of text.split('/').slice(1)) here = memberOf(here, part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return here;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** A number or a truth value is compared as JSON writes it; lists and objects are not compared. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
