import { inspect } from 'node:util';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { httpGit } from '../../shared/adapters/git/git.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { outboundClient } from '../../shared/core/outbound/outbound-client.ts';
import { loopbackNetworks, reachOf } from '../../shared/core/outbound/public-address.ts';
import { loseNoAnswers } from '../chance.ts';
import { build, host, registry, upload } from '../shared/features/builds/bases/building.ts';
import type { Ci } from '../shared/features/builds/bases/ci.ts';
import { startCi } from '../shared/features/builds/bases/ci.ts';
import { ask } from '../shared/image.ts';

// A process that loses the answer of a claim leaves the image to a later sweep, and these tests run none.
loseNoAnswers();

let ci: Ci;
beforeEach(async () => {
  ci = await startCi();
});
afterEach(() => {
  ci.stop();
});

const json = (body: object) => ({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const paths = [
  '/services/T00000000/B00000000/s3cr3t-of-slack',
  '/webhookb2/s3cr3t-of-teams@x/IncomingWebhook/s3cr3t/y',
  '/hooks/catch/12345/s3cr3t/',
  '/workflows/x/triggers/manual/paths/invoke?sig=s3cr3t-of-logic-apps&sv=1.0',
  '/bot1:s3cr3t/sendMessage',
  '/s3cr3t',
];

describe('a webhook', () => {
  it.each(paths)(
    'shows neither its path and query nor its headers in answers, deliveries, events, metrics and logs: %s',
    async (path) => {
      const lines: string[] = [];
      const one = composeForTest({
        adapters: { log: pino({ level: 'debug' }, { write: (line) => void lines.push(line) }) },
      });
      // Error pages repeat what they were asked.
      ci.answers = [{ status: 404, headers: { 'x-asked': path }, body: `Cannot POST ${path} with s3cr3t-header` }];
      const made = await ask(
        one.app,
        'PUT',
        '/api/v1/webhooks/deploy',
        json({
          serviceUri: ci.url + path,
          actions: ['push'],
          customHeaders: { authorization: 'Bearer s3cr3t-header' },
        }),
      );
      expect(made.status).toBe(201);
      const shown = (await made.json()) as Record<string, unknown>;
      expect(shown.serviceUri).toBe(`${ci.url}/******`);
      await ask(one.app, 'POST', '/api/v1/webhooks/deploy/ping');
      expect(ci.asked.map((each) => [each.path, each.headers.authorization])).toEqual([[path, 'Bearer s3cr3t-header']]);
      const said = await Promise.all(
        ['/webhooks', '/webhooks/deploy', '/webhooks/deploy/deliveries'].map(async (each) =>
          (await ask(one.app, 'GET', `/api/v1${each}`)).text(),
        ),
      );
      said.push(
        await (await ask(one.app, 'POST', '/api/v1/webhooks/deploy/listEvents')).text(),
        await (await ask(one.app, 'GET', '/metrics')).text(),
        JSON.stringify(shown),
        lines.join(''),
        JSON.stringify(one.world.region('home').events.log),
      );
      expect(said[2]).toContain('404');
      for (const each of said) expect(each).not.toContain('s3cr3t');
    },
  );

  it('that was read and is sent back keeps its URL; a mask of another is refused', async () => {
    const one = composeForTest();
    await ask(one.app, 'PUT', '/api/v1/webhooks/deploy', json({ serviceUri: `${ci.url}/s3cr3t`, actions: ['push'] }));
    const read = (await (await ask(one.app, 'GET', '/api/v1/webhooks/deploy')).json()) as object;
    expect((await ask(one.app, 'PUT', '/api/v1/webhooks/deploy', json(read))).status).toBe(200);
    expect(
      (
        await ask(
          one.app,
          'PATCH',
          '/api/v1/webhooks/deploy',
          json({ serviceUri: `${ci.url}/******`, scope: 'team/**' }),
        )
      ).status,
    ).toBe(200);
    await ask(one.app, 'POST', '/api/v1/webhooks/deploy/ping');
    expect(ci.asked.map(({ path }) => path)).toEqual(['/s3cr3t']);
    for (const serviceUri of ['https://attacker.example/******', `${ci.url}/x/******`, `${ci.url}/******?a`])
      expect((await ask(one.app, 'PATCH', '/api/v1/webhooks/deploy', json({ serviceUri }))).status, serviceUri).toBe(
        400,
      );
  });

  it('has its headers sent to no other host by a user who changes where it leads', async () => {
    const one = composeForTest();
    const content = {
      serviceUri: 'https://ci.example.com/hook',
      actions: ['push'],
      customHeaders: { authorization: 'Bearer s3cr3t' },
    };
    await ask(one.app, 'PUT', '/api/v1/webhooks/deploy', json(content));
    const changes = [
      ['PATCH', { serviceUri: ci.url }],
      ['PATCH', { serviceUri: ci.url, customHeaders: { authorization: '******' } }],
      ['PUT', { ...content, serviceUri: ci.url, customHeaders: { authorization: '******' } }],
    ] as const;
    for (const [method, change] of changes)
      expect((await ask(one.app, method, '/api/v1/webhooks/deploy', json(change))).status).toBe(400);
    await ask(one.app, 'PATCH', '/api/v1/webhooks/deploy', json({ serviceUri: ci.url, customHeaders: {} }));
    await ask(one.app, 'POST', '/api/v1/webhooks/deploy/ping');
    expect(ci.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });
});

describe('a task', () => {
  it('shows neither the path of its runner nor of its gate, and keeps both when it is sent back', async () => {
    const of = registry();
    await of.push(build('base', 'base 1'), '1');
    const context = { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) };
    const answer = await of.api('PUT', '/tasks/app', {
      image: 'app:1',
      context,
      runner: { webhook: { url: `${ci.url}/s3cr3t-runner?sig=s3cr3t` } },
      test: { url: `${ci.url}/s3cr3t-gate` },
    });
    expect(answer).toMatchObject({
      status: 201,
      body: { runner: { webhook: { url: `${ci.url}/******` } }, test: { url: `${ci.url}/******` } },
    });
    const {
      name: _name,
      bases: _bases,
      found: _found,
      createdAt: _created,
      updatedAt: _updated,
      ...read
    } = (await of.api('GET', '/tasks/app')).body;
    expect((await of.api('PUT', '/tasks/app', read)).status).toBeOneOf([200, 201]);
    await of.api('PUT', '/tasks/app/hook', {});
    ci.answers = [{ status: 400, body: 'Cannot POST /s3cr3t-runner?sig=s3cr3t' }];
    const { build: id } = (await of.api('POST', '/tasks/app/run')).body as { build: string };
    await of.settle();
    expect(ci.asked.map(({ path }) => path)).toEqual(['/s3cr3t-runner?sig=s3cr3t']);
    const log = await (await of.app.fetch(new Request(`http://${host}/api/v1/builds/${id}/log?image=app:1`))).text();
    const said = [
      log,
      JSON.stringify([
        (await of.api('GET', `/builds/${id}`)).body,
        (await of.api('GET', '/tasks')).body,
        of.world.region('home').events.log,
      ]),
    ];
    for (const each of said) expect(each).not.toContain('s3cr3t');
    expect(
      (await of.api('PUT', '/tasks/app', { ...read, runner: { webhook: { url: 'https://attacker.example/******' } } }))
        .status,
    ).toBe(400);
  });

  it.each([
    ['context', { git: 'https://user:s3cr3t@git.example/app.git' }],
    ['context', { git: 'https://git.example/app.git?token=s3cr3t' }],
    [
      'runner',
      {
        github: {
          repository: 'a/b',
          workflow: 'w.yml',
          token: 'longshore-user-x',
          api: 'https://u:s3cr3t@api.github.com',
        },
      },
    ],
    ['runner', { webhook: { url: 'https://u:s3cr3t@ci.example/' } }],
    ['test', { url: 'https://u:s3cr3t@ci.example/' }],
  ])(
    'is refused with a user or a password in a URL, and the refusal does not repeat it: %s %j',
    async (field, value) => {
      const of = registry();
      const context = { repository: 'contexts', digest: await upload(of, 'contexts', 'FROM scratch') };
      const { status, body } = await of.api('PUT', '/tasks/app', { image: 'app:1', context, [field]: value });
      expect(status).toBe(400);
      expect(JSON.stringify(body)).not.toContain('s3cr3t');
    },
  );
});

describe('a repository', () => {
  it('that does not answer well is told of without the token in its URL', async () => {
    ci.answers = Array.from({ length: 4 }, () => ({ status: 503, body: 'not now' }));
    const url = new URL('/team/app.git', ci.url);
    [url.username, url.password] = ['deploy', 's3cr3t-of-the-repository'];
    const git = httpGit(outboundClient({ reach: reachOf(loopbackNetworks) }));
    const told: string[] = [];
    for (const asked of [
      git.resolveRef({ url: url.href }, 'main'),
      git.archiveOf({ url: url.href }, 'a'.repeat(40), ''),
    ])
      await asked.then(
        (outcome) => told.push(JSON.stringify(outcome)),
        (error: unknown) => told.push(inspect(error, { depth: 9 })),
      );
    expect(told.join('')).toContain('/team/app.git: ');
    expect(told.join('')).not.toContain('s3cr3t');
  });
});
