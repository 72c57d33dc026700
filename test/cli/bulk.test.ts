import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminPassword, byAdmin, composeRequired } from '../shared/features/identity/required.ts';
import { makeImage, pushImage } from '../shared/image.ts';
import type { User } from './run.ts';
import { userOf } from './run.ts';

const longshore = composeRequired();
const app = byAdmin(longshore.app);
let user: User;

beforeAll(async () => {
  for (const tag of ['1', 'pr-1', 'pr-2', 'pr-3']) await pushImage(app, 'team/app', tag, makeImage(tag));
  const env = { LONGSHORE_URL: 'http://registry.test', LONGSHORE_USERNAME: 'admin', LONGSHORE_PASSWORD: adminPassword };
  user = await userOf(longshore.app, env);
});
afterAll(() => user.remove());

const tags = async () => (await user.run(['tags', 'team/app', '-o', 'name'])).out.trim().split('\n');

describe('longshore rm of all that matches', () => {
  it('shows what matches, and deletes nothing where nobody says yes', async () => {
    const dry = await user.run(['rm', 'team/app', '--search', 'pr-*', '--dry-run', '-o', 'name']);
    expect([dry.code, dry.out]).toEqual([0, 'team/app:pr-1\nteam/app:pr-2\nteam/app:pr-3\n']);
    expect((await user.run(['rm', 'team/app', '--search', 'pr-*'])).code).toBe(2);
    const declined = await user.run(['rm', 'team/app', '--search', 'pr-*'], { answers: ['n'] });
    expect([declined.code, declined.asked]).toEqual([1, ['3 tags of team/app go to the recycle bin. Delete? [y/N] ']]);
    expect((await user.run(['rm', 'team/app:1', '--search', 'pr-*', '-y'])).code).toBe(2);
    expect((await user.run(['rm', 'team/app', '--search', 'pr-*', '--repository', '-y'])).code).toBe(2);
    expect((await user.run(['rm', 'team/app', '--pushed-before', 'soon', '-y'])).code).toBe(2);
    expect(await tags()).toHaveLength(4);
  });

  it('sends the count that was seen, begins one deletion, and goes on without a terminal', async () => {
    const ran = await user.run(['rm', 'team/app', '--search', 'pr-*'], { answers: ['y'], interruptAfter: 3 });
    const post = ran.requests.find(({ method }) => method === 'POST');
    expect(await post?.json()).toEqual({ repository: 'team/app', search: 'pr-*', expected: 3 });
    // The memory's queue may not have run it yet: then Ctrl-C ends the waiting, and the registry goes on.
    expect([0, 130]).toContain(ran.code);
    const [begun] = JSON.parse((await user.run(['bulk', 'ls', '-o', 'json'])).out) as { id: string; matched: number }[];
    expect(begun).toMatchObject({ matched: 3 });
    expect((await user.run(['bulk', 'undo', 'nothing'])).code).toBe(1);
    expect((await user.run(['bulk', 'cancel', 'nothing'])).code).toBe(1);
  });
});
