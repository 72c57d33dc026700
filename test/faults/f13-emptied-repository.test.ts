import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';
import { json } from './manifests.ts';

describe('a repository whose last image was deleted', () => {
  it('is in the catalog, and has an empty list of tags there', async () => {
    const { app } = composeForTest();
    const image = makeImage('last');
    await pushImage(app, 'team/app', 'v1', image);
    await ask(app, 'DELETE', `/v2/team/app/manifests/${image.digest}`);
    expect((await json(app, 'GET', '/v2/_catalog')).body.repositories).toEqual(['team/app']);
    expect(await json(app, 'GET', '/v2/team/app/tags/list')).toEqual({
      status: 200,
      body: { name: 'team/app', tags: [] },
    });
    expect((await json(app, 'GET', '/v2/team/app/tags/list?n=1&last=v1')).status).toBe(200);
    for (const path of ['', '/_tags', '/_manifests'])
      expect((await ask(app, 'GET', `/acr/v1/team/app${path}`)).status).toBe(200);
  });

  it('is in neither once the repository itself was deleted, or never was', async () => {
    const { app } = composeForTest();
    await pushImage(app, 'team/app', 'v1', makeImage('gone'));
    await ask(app, 'DELETE', '/acr/v1/team/app');
    expect((await json(app, 'GET', '/v2/_catalog')).body.repositories).toEqual([]);
    for (const repository of ['team/app', 'never/was'])
      expect((await ask(app, 'GET', `/v2/${repository}/tags/list`)).status).toBe(404);
  });
});
