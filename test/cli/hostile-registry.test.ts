import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verbsIn } from '../../cli/help.ts';
import { root } from '../../cli/verbs/all.ts';
import type { ApiDocument } from '../api/document.ts';
import { readDocument } from '../api/document.ts';
import { hostileText, hostileTexts } from '../hostile.ts';
import { lyingAnswer } from '../lying-registry.ts';
import type { User } from './run.ts';
import { registryUrl, userOf } from './run.ts';

let document: ApiDocument;
let user: User;

beforeAll(async () => {
  document = await readDocument();
  user = await userOf(undefined);
});
afterAll(() => user.remove());

const lying = (text: string) => (request: Request) => Promise.resolve(lyingAnswer(document, request, text));

/** The arguments of every verb. One that is added is added here. */
const calls: Readonly<Record<string, readonly string[]>> = {
  login: ['registry.test'],
  logout: ['registry.test'],
  me: [],
  overview: [],
  repos: [],
  tags: ['team/app'],
  image: ['team/app:1'],
  diff: ['team/app:1', 'team/app:2'],
  rm: ['team/app:1', '--dry-run'],
  'bulk ls': [],
  'bulk cancel': ['id'],
  'bulk undo': ['id'],
  'bulk watch': ['id'],
  'bin ls': [],
  'bin deletions': [],
  'bin restore': ['group'],
  'bin purge': ['group', '--yes'],
  'purge ls': [],
  'purge plan': ['stale'],
  'purge approve': ['stale', 'hash', '--yes'],
  'purge explain': ['team/app:1'],
  'purge stop': ['stale'],
  'purge show': ['stale'],
  'purge create': ['stale'],
  'purge edit': ['stale'],
  'purge rm': ['stale', '--yes'],
  'webhooks ls': [],
  'webhooks deliveries': ['first1'],
  'webhooks delivery': ['first1', 'dlv_1'],
  'webhooks redeliver': ['first1', 'dlv_1'],
  'webhooks ping': ['first1'],
  'webhooks create': ['first1', 'https://ci.example/hook'],
  'webhooks enable': ['first1'],
  'webhooks disable': ['first1'],
  'webhooks rm': ['first1', '--yes'],
  'webhooks secrets': ['first1'],
  'webhooks rotate': ['first1', '--yes'],
  'webhooks end-secret': ['first1', 'id', '--yes'],
  'builds ls': [],
  'builds watch': ['id'],
  'builds explain': ['team/app:1', 'base:1'],
  'builds dry-run': ['base:1'],
  'builds retry': ['id'],
  'builds cancel': ['id'],
  'builds log': ['id', 'team/app:1'],
  'build-policies ls': [],
  'build-policies show': ['apps'],
  'build-policies create': ['apps', '--replace'],
  'build-policies edit': ['apps'],
  'build-policies enable': ['apps'],
  'build-policies disable': ['apps'],
  'build-policies rm': ['apps', '--yes'],
  'tasks ls': [],
  'tasks show': ['app'],
  'tasks create': ['app', '--replace'],
  'tasks edit': ['app'],
  'tasks run': ['app'],
  'tasks enable': ['app'],
  'tasks disable': ['app'],
  'tasks rm': ['app', '--yes'],
  'tasks hook': ['app'],
  'tasks rotate': ['app', '--yes'],
  'tasks end-hook': ['app', '--yes'],
  'bases of': ['base:1'],
  'bases tree': ['base:1'],
  'upstreams ls': [],
  'upstreams create': ['registry.example', '--username', 'mirror', '--replace'],
  'upstreams rm': ['registry.example', '--yes'],
  'base-sources ls': [],
  'base-sources rotate': ['quay', '--yes'],
  'base-sources rm': ['quay', '--yes'],
  'in-use ls': [],
  'in-use show': ['cluster-1'],
  'in-use put': ['cluster-1'],
  'in-use rm': ['cluster-1', '--yes'],
  regions: ['team/app:1'],
  'replicas ls': [],
  'replicas show': ['northeurope'],
  'replicas queue': [],
  'replicas add': ['northeurope'],
  'replicas set': ['northeurope', '--priority', '1'],
  'replicas pause': ['northeurope'],
  'replicas resume': ['northeurope'],
  'replicas reconcile': [],
  'replicas rm': ['northeurope', '--yes'],
  'usage top': [],
  'usage show': [],
  'usage forecast': [],
  'usage pulled': [],
  'usage export': [],
  'tokens ls': [],
  'tokens create': ['ci', '--scope-map', 'readers'],
  'tokens delete': ['ci', '--yes'],
  'tokens regenerate': ['ci', '--yes'],
  'tokens enable': ['ci'],
  'tokens disable': ['ci'],
  'scope-maps ls': [],
  'scope-maps create': ['readers', 'catalog/read'],
  'scope-maps rm': ['readers', '--yes'],
  'issuers ls': [],
  'issuers show': ['github'],
  'issuers create': ['github', '--replace'],
  'issuers rm': ['github', '--yes'],
  'signing-keys ls': [],
  'signing-keys rm': ['key', '--yes'],
  'settings show': [],
  'settings set': ['--sku', 'basic'],
  why: ['team/app:1'],
  held: [],
  release: ['team/app:1', '--reason', 'text'],
  'end-release': ['team/app:1'],
  'quarantine pass': ['team/app:1'],
  'quarantine fail': ['team/app:1'],
  'quarantine-policies ls': [],
  'quarantine-policies show': ['wait'],
  'quarantine-policies create': ['wait', '--replace'],
  'quarantine-policies edit': ['wait', '--mode', 'audit'],
  'quarantine-policies rm': ['wait', '--yes'],
  scan: ['team/app:1'],
  findings: ['team/app:1'],
  'report put': ['team/app:1'],
  'scanners ls': [],
  'scanners show': ['trivy'],
  'scanners create': ['trivy', '--replace'],
  'scanners check': ['trivy'],
  'scanners rm': ['trivy', '--yes'],
  'scan-policies ls': [],
  'scan-policies show': ['no-critical'],
  'scan-policies create': ['no-critical', '--severity', 'high', '--replace'],
  'scan-policies edit': ['no-critical'],
  'scan-policies rm': ['no-critical', '--yes'],
  'exceptions ls': [],
  'exceptions show': ['openssl'],
  'exceptions create': ['openssl', '--replace'],
  'exceptions rm': ['openssl', '--yes'],
  'trust-policies ls': [],
  'trust-policies show': ['release'],
  'trust-policies create': ['release', '--replace'],
  'trust-policies edit': ['release'],
  'trust-policies rm': ['release', '--yes'],
  'trust-roots ls': [],
  'trust-roots show': ['public-good'],
  'trust-roots create': ['public-good', '--replace'],
  'trust-roots rm': ['public-good', '--yes'],
  doctor: [],
  completion: ['bash'],
};

/** Colours are the command's own. */
const withoutColours = (text: string) => text.replaceAll(/\u001b\[(?:3[123]|39)m/g, '').replaceAll('\r\u001b[K', '');
const acting = /[^\P{Cc}\n\t]|[\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/u;
const environment = { LONGSHORE_URL: registryUrl, LONGSHORE_USERNAME: 'admin', LONGSHORE_PASSWORD: 'secret' };
const plain = JSON.stringify;
/** These have no JSON. */
const others = ['login', 'logout', 'usage export', 'builds log', 'completion'];

describe('a registry that lies', () => {
  it('is asked by every verb here', () => {
    expect(Object.keys(calls).toSorted()).toEqual(
      verbsIn(root.verbs ?? [])
        .map(({ words }) => words.join(' '))
        .toSorted(),
    );
  });

  describe.each(Object.entries(calls))('to longshore %s', (words, args) => {
    const run = (text: string, more: readonly string[], terminal?: { readonly columns: number }) =>
      user.run([...words.split(' '), ...args, ...more], {
        fetch: lying(text),
        env: environment,
        input: '{}',
        ...(terminal === undefined ? {} : { terminal }),
      });

    it('has nothing act on the terminal, in any format', async () => {
      for (const format of ['table', 'tsv', 'name', 'json'])
        for (const terminal of [undefined, { columns: 80 }]) {
          // The CSV of usage goes into a file exactly as the registry wrote it.
          if (words === 'usage export' && terminal === undefined) continue;
          const { out, err } = await run(hostileText, ['-o', format], terminal);
          expect(acting.exec(withoutColours(out))?.[0], plain(out.slice(0, 500))).toBeUndefined();
          expect(acting.exec(withoutColours(err))?.[0], plain(err)).toBeUndefined();
          expect(err).not.toContain('a fault of its own');
        }
    });

    it('prints JSON that is JSON, and takes no name for one of the language', async () => {
      for (const text of [hostileText, hostileTexts.prototype, hostileTexts.constructor]) {
        const { out, err } = await run(text, ['-o', 'json'], { columns: 80 });
        if (!others.includes(words) && out !== '')
          for (const each of words === 'builds watch' ? out.trim().split('\n') : [out]) JSON.parse(each);
        const shown = await run(text, [], { columns: 80 });
        expect(err + shown.err).not.toContain('a fault of its own');
      }
    });
  });

  it('has the texts shown, and not left out: these calls do show them', async () => {
    const label = await user.run(['image', 'team/app:1'], {
      fetch: lying('constructor'),
      env: environment,
      terminal: { columns: 80 },
    });
    expect([label.code, label.err]).toEqual([0, '']);
    expect(label.out).toContain('label         constructor=constructor');
    const tags = await user.run(['tags', 'team/app'], { fetch: lying(hostileTexts.turned), env: environment });
    expect(tags.out).toContain(String.raw`safe\u202egnp.exe`);
  });
});

describe('an error from a registry that lies', () => {
  it.each([401, 403, 404, 409, 500, 302])('with status %i is one line without anything that acts', async (status) => {
    for (const body of [
      JSON.stringify({ errors: [{ code: hostileText, message: hostileText, detail: hostileText }] }),
      JSON.stringify({ errors: [{ code: 'constructor', message: '__proto__' }] }),
      hostileText,
    ]) {
      const fetch = async () =>
        Promise.resolve(
          new Response(body, {
            status,
            headers: { location: 'http://e/%1b', 'content-type': 'text/html', 'x-request-id': 'a\u009bb' },
          }),
        );
      const { err, out } = await user.run(['tags', 'team/app'], { fetch, env: environment });
      expect(acting.exec(err + out)?.[0], plain(err)).toBeUndefined();
      expect(err.trim().split('\n')).toHaveLength(1);
    }
  });

  it('and words that were typed or pasted act on nothing when they are wrong', async () => {
    for (const text of Object.values(hostileTexts))
      for (const args of [
        ['tags', text],
        ['image', text],
        ['why', text, text, text],
        [text],
        ['tags', '-r', text, 'team/app'],
        ['completion', text],
        ['tags', 'team/app', '--search', text],
      ]) {
        const { err, out } = await user.run(args, {
          fetch: async () => Promise.resolve(Response.json({ items: [] })),
          env: environment,
        });
        expect(acting.exec(err + out)?.[0], plain(err)).toBeUndefined();
        expect(err).not.toContain('a fault of its own');
      }
  });
});
