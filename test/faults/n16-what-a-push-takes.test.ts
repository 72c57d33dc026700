import { expect, it } from 'vitest';
import { asAdmin, composeRequired, makeToken } from '../shared/features/identity/required.ts';
import { ask } from '../shared/image.ts';

it.each([
  [['content/write'], false, 'repositories/team/app/content/read'],
  [['content/read'], false, 'repositories/team/app/content/write'],
  [['content/read', 'content/write'], true, 'repositories/team/*/content/write, '],
  [['metadata/read'], false, 'repositories/team/app/content/write and repositories/team/app/content/read'],
])('a user with %j may push: %s', async (verbs, allowed, why) => {
  const longshore = composeRequired();
  await makeToken(
    longshore,
    'ci',
    verbs.map((verb) => `repositories/team/*/${verb}`),
  );
  const answer = (await (
    await ask(longshore.app, 'GET', '/api/v1/access?token=ci&repository=team/app&action=push', { headers: asAdmin })
  ).json()) as { allowed: boolean; why: string };
  expect(answer.allowed).toBe(allowed);
  expect(answer.why).toContain(why);
});
