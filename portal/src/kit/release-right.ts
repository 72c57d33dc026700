import { me, whyNot } from './me.ts';

/**
 * Returns why the identity may not release images of a repository; `undefined` if it may, or if the registry alone can
 * tell: a pattern with a star before its end is left to it.
 */
export function whyNotRelease(repository: string): string | undefined {
  const why = whyNot('management/write');
  if (why === undefined) return undefined;
  const rules = me.value?.repositories ?? [];
  const mayBe = rules.some(
    ({ pattern, actions }) => actions.includes('quarantine_write') && mayCover(pattern, repository),
  );
  return mayBe ? undefined : `${why}; or quarantine/write of ${repository} is enough`;
}

/** A star at the end stands for anything, as in ACR's scope maps. */
export function mayCover(pattern: string, repository: string): boolean {
  const star = pattern.indexOf('*');
  if (star === -1) return pattern === repository;
  return repository.startsWith(pattern.slice(0, star));
}
