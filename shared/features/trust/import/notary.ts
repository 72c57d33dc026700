import type { NamedStores, PolicyStatement } from '../notation/trust-policy.ts';
import { readTrustPolicy } from '../notation/trust-policy.ts';
import type { Importing, ImportOptions } from './imported.ts';
import { checked, faulty, nameFrom } from './imported.ts';

/** A statement with the repositories of this registry that it is for. */
interface Placed {
  readonly statement: PolicyStatement;
  readonly repositories: readonly string[];
}

/**
 * Makes policies of a trust policy of Notary Project. Of its statements one is for a repository: the one that names it,
 * or else the one with the scope "*". Here all policies that cover a repository must be met, so that the latter
 * excludes what the others name. Where no statement is for a repository, its images count as untrusted, and so a policy
 * that nothing meets covers the rest.
 */
export function policiesOfNotary(document: unknown, stores: NamedStores, options: ImportOptions): Importing {
  const reading = readTrustPolicy(document, stores);
  if (reading.is === 'faulty') return faulty(reading.faults);
  const { statements } = reading;
  const elsewhere = statements.flatMap(({ scopes }) => scopes.filter((scope) => !isOwn(scope, options)));
  if (elsewhere.length > 0 && options.otherRegistries === 'refuse')
    return faulty(
      elsewhere.map(
        (scope) =>
          `The scope ${scope} is of another registry: add its host to "hosts" if it is this one, or leave out what is of others.`,
      ),
    );
  const placed = statements.map((statement) => ({
    statement,
    repositories: [...new Set(statement.scopes.filter((scope) => isOwn(scope, options)).flatMap(repositoryOf))],
  }));
  const twice = repeated(placed.flatMap(({ repositories }) => repositories));
  if (twice.length > 0)
    return faulty(twice.map((each) => `Two statements are for the repository ${each}, by two names of this registry.`));
  const notes = elsewhere.map((scope) => `The scope ${scope} is of another registry, and was left out.`);
  return checked(written(placed, options), [...notes, ...noteOnRest(statements)]);
}

function written(placed: readonly Placed[], { mode = 'enforce' }: ImportOptions) {
  const named = placed.filter(({ repositories }) => repositories.length > 0);
  const exclude = named.flatMap(({ repositories }) => repositories);
  const rest = placed.find(({ statement }) => statement.scopes.includes('*'));
  const policy = ({ statement }: Placed, repositories: object) => ({
    name: nameFrom(statement.authority.name),
    // Notation verifies what a reference resolves to, which is the index where there is one.
    settings: { mode, repositories, notation: [statement.authority] },
  });
  return [
    ...named.map((each) => policy(each, { include: each.repositories })),
    rest === undefined
      ? { name: restName, settings: { mode, repositories: { include: ['**'], exclude } } }
      : policy(rest, { include: ['**'], exclude }),
  ];
}

const restName = 'untrusted-by-default';

function noteOnRest(statements: readonly PolicyStatement[]): string[] {
  return statements.some(({ scopes }) => scopes.includes('*'))
    ? []
    : [
        `No statement has the scope "*", so that Notation trusts nothing elsewhere; the policy ${restName} says so here.`,
      ];
}

function isOwn(scope: string, { hosts }: ImportOptions): boolean {
  return scope === '*' || hosts.includes(scope.slice(0, scope.indexOf('/')).toLowerCase());
}

function repositoryOf(scope: string): string[] {
  return scope === '*' ? [] : [scope.slice(scope.indexOf('/') + 1)];
}

function repeated(texts: readonly string[]): string[] {
  return [...new Set(texts.filter((each, at) => texts.indexOf(each) !== at))];
}
