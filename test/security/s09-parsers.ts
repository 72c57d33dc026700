import { pack } from 'tar-stream';
import { expect } from 'vitest';
import { parsePublishRequest } from '../../emulators/event-grid/publish-request.ts';
import { messageBytes } from '../../emulators/functions-host/queue/message.ts';
import { readDelta } from '../../shared/adapters/git/delta.ts';
import { GitFault } from '../../shared/adapters/git/fault.ts';
import { checkPack } from '../../shared/adapters/git/pack.ts';
import { basesOf } from '../../shared/core/dockerfile/bases.ts';
import { csvFields } from '../../shared/core/dockerfile/csv.ts';
import { parsePlatform } from '../../shared/core/dockerfile/platform.ts';
import { normalReference } from '../../shared/core/dockerfile/reference.ts';
import { parseCloudEvent } from '../../shared/core/events/envelope.ts';
import { isKnownToClient } from '../../shared/core/http/conditions.ts';
import { originOf } from '../../shared/core/http/origin.ts';
import { pageSizeIn } from '../../shared/core/http/page.ts';
import { parseRange } from '../../shared/core/http/range.ts';
import { contentRange } from '../../shared/core/http/request.ts';
import { targetOf } from '../../shared/core/http/target.ts';
import { parseDigest } from '../../shared/core/oci/digest.ts';
import { parseManifest } from '../../shared/core/oci/manifest.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import type { RegistryName } from '../../shared/core/oci/name.ts';
import { isRepositoryName, isTag } from '../../shared/core/oci/name.ts';
import { checkHeaders, checkTarget } from '../../shared/core/outbound/outbound-target.ts';
import { isNetwork, reachOf } from '../../shared/core/outbound/public-address.ts';
import { systemClock } from '../../shared/core/ports/clock.ts';
import { globMatches, repositoryGlobSchema, tagGlobSchema } from '../../shared/core/rules/pattern.ts';
import { scheduleSchema } from '../../shared/core/rules/schedule.ts';
import { isVersionIn, versionOf, versionRangeSchema } from '../../shared/core/rules/version.ts';
import { imageConfigSchema } from '../../shared/features/builds/bases/image-config.ts';
import { baseReference } from '../../shared/features/builds/bases/names.ts';
import { materialsOf } from '../../shared/features/builds/bases/provenance.ts';
import { proves } from '../../shared/features/builds/inbound/proof.ts';
import { isLoopbackHost } from '../../shared/features/builds/loopback.ts';
import { Mask } from '../../shared/features/builds/plan/mask.ts';
import { fileIn } from '../../shared/features/builds/tasks/context.ts';
import { taskSettingsSchema } from '../../shared/features/builds/tasks/documents.ts';
import { refsPushed } from '../../shared/features/builds/tasks/git-pushed.ts';
import { tagTemplateSchema } from '../../shared/features/builds/tasks/tag-templates.ts';
import { pushedIn, sources } from '../../shared/features/builds/upstream/notified.ts';
import { askTagDigest } from '../../shared/features/builds/upstream/tag-digest.ts';
import { parseCredentials } from '../../shared/features/identity/credentials.ts';
import { isRepositoryPattern } from '../../shared/features/identity/pattern.ts';
import { parseScopes } from '../../shared/features/identity/scope.ts';
import { parseRoute } from '../../shared/features/registry/route.ts';
import { openUpload } from '../../shared/features/registry/upload-state.ts';
import { ClientClasses } from '../../shared/features/usage/client-class.ts';
import { parseExclude, parseScope } from '../../shared/features/webhooks/scope.ts';
import { parseSecret } from '../../shared/features/webhooks/secrets.ts';

/** A parser, which must end for any text. */
export type Parser = (text: string) => unknown;

const key = { registry: 'default' as RegistryName, repository: 'team/app' as never };
const reach = reachOf([]);
const now = new Date(0);
const headers = (name: string, text: string) =>
  new Headers({
    [name]: Buffer.from(text)
      .toString('latin1')
      .replaceAll(/[^\x20-\x7e]/g, ' '),
  });
const withUrl = (url: string, given = new Headers()) => ({ url, headers: given }) as unknown as Request;
const request = (name: string, text: string) => withUrl('http://registry.test/', headers(name, text));
const manifest = (more: object) =>
  Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [], ...more }));
const statement = (uris: readonly string[]) =>
  JSON.stringify({
    predicate: {
      materials: uris.map((uri) => ({ uri })),
      buildDefinition: { resolvedDependencies: uris.map((uri) => ({ uri })) },
    },
  });

/** Cuts a text into pieces of so many letters: as a list of names, of arguments, of entries. */
const pieces = (text: string, length = 20) =>
  Array.from({ length: Math.ceil(text.length / length) }, (_, at) => text.slice(at * length, (at + 1) * length));

/** Another registry that answers with such headers, and a token service that answers with such a body. */
async function answered(with401: Record<string, string>, status = 401, body = ''): Promise<unknown> {
  return askTagDigest(
    { outbound: { ask: () => Promise.resolve({ status, headers: with401, text: body }) }, clock: systemClock },
    'base.example/library/base',
    '1',
    { known: undefined, as: { login: { username: 'a', password: 'b' } } },
  );
}

const dockerfiles: Record<string, Parser> = Object.fromEntries(
  [
    '',
    'FROM ',
    'FROM x\nRUN ',
    'FROM x\nRUN --mount=',
    'FROM x\nCOPY ',
    'FROM x\nENV ',
    'FROM x\nLABEL a=',
    'FROM x\nHEALTHCHECK --interval=',
    'FROM x\nADD --chmod=',
    'FROM x\nEXPOSE ',
    'FROM x\nONBUILD ',
    'FROM --platform=',
    'ARG A=',
    '# syntax=',
    '{"syntax":',
  ].map((beginning) => [
    `a Dockerfile: ${JSON.stringify(beginning)}`,
    // A line may have 64 KiB: a continued one as much as the file.
    (text: string) => basesOf(beginning + pieces(text, 10_000).join('\\\n')),
  ]),
);

export const parsers: Record<string, Parser> = {
  ...dockerfiles,
  'a Dockerfile of many lines': (text) =>
    basesOf(
      pieces(text)
        .map((piece) => `FROM ${piece}`)
        .join('\n'),
    ),
  'a Dockerfile of many stages': (text) =>
    basesOf(
      pieces(text)
        .map((_, at) => `FROM s${at} AS s${at + 1}`)
        .join('\n'),
    ),
  'a Dockerfile of many unset platforms': (text) =>
    basesOf(
      `${pieces(text, 60)
        .slice(0, 900)
        .map((_, at) => `ARG ${'a'.repeat(50)}${at}=1`)
        .join('\n')}\nFROM --platform=${pieces(text, 60)
        .slice(0, 900)
        .map((_, at) => `$${'b'.repeat(55)}${at}`)
        .join('')} x`,
    ),
  'a Dockerfile of many folders': (text) =>
    basesOf(
      `FROM x\n${pieces(text, 110)
        .map(() => `WORKDIR ${'a'.repeat(100)}`)
        .join('\n')}`,
    ),
  'a Dockerfile of many triggers': (text) =>
    basesOf(
      `FROM x AS b\n${pieces(text, 60)
        .map(() => 'ONBUILD RUN a')
        .join('\n')}\n${pieces(text, 60)
        .map(() => 'FROM b')
        .join('\n')}`,
    ),
  'a Dockerfile that unfolds stage by stage': (text) =>
    basesOf(
      [
        'FROM x AS m',
        ...pieces(text, 90).map((_, at) => `RUN --mount=from=a${at} x`),
        ...Array.from(
          { length: 400 },
          (_, at) => `FROM x AS b${at}\nONBUILD COPY --from=s${at + 1} a b\nFROM b${at} AS s${at}`,
        ),
      ].join('\n'),
      { target: 's0' },
    ),
  'a platform': (text) => refused(() => parsePlatform(text)),
  'fields of a mount': (text) => refused(() => csvFields(text)),
  'an image reference': (text) => refused(() => normalReference(text)),
  'a base reference': (text) => baseReference(text, key.registry, ['registry.test']),
  'a loopback host': (text) => isLoopbackHost(text),
  'a provenance of one material': (text) => materialsOf(statement([`pkg:docker/${text.slice(0, 4_000)}`])),
  'a provenance of many materials': (text) =>
    materialsOf(
      statement(
        pieces(text, 100)
          .slice(0, 10_000)
          .map((piece, at) => `pkg:docker/a${at}@${piece}?platform=${piece}`),
      ),
    ),
  'a provenance that is none': (text) => materialsOf(text),
  'an image config': (text) =>
    imageConfigSchema.safeParse({ config: { Labels: { a: text } }, rootfs: { diff_ids: pieces(text, 71) } }),
  'a notification of another registry': (text) =>
    sources.map((source) => [
      pushedIn(source, {
        events: pieces(text)
          .slice(0, 900)
          .map((piece) => ({ action: 'push', target: { repository: piece, tag: piece }, request: { host: piece } })),
        docker_url: text,
        updated_tags: pieces(text, 100),
      }),
      pushedIn(source, text),
    ]),
  'a push to git': (text) =>
    refsPushed({ ref: text, after: text, before: text, push: { changes: pieces(text).slice(0, 900) } }),
  'a template of tags': (text) => tagTemplateSchema.safeParse(text),
  'settings of a task': (text) =>
    taskSettingsSchema.safeParse({
      image: text,
      context: { git: `https://git.example/${text}`, ref: text, folder: text },
      dockerfile: text,
      arguments: { A: text },
      platform: text,
    }),
  'a log with secrets': (text) =>
    [...pieces(text, 1_000), '']
      .reduce(
        (mask, piece) => [mask.push(piece), mask][1] as Mask,
        new Mask(['a secret of some length', 'aaaaaaaaab', 'another/one+two==']),
      )
      .end(),
  'a challenge': (text) => answered({ 'www-authenticate': `Bearer ${text}` }),
  'a quoted challenge': (text) =>
    answered({ 'www-authenticate': `Bearer realm="https://base.example/${text}",service="${text}"` }),
  'a Retry-After': (text) => answered({ 'retry-after': text }, 429),
  'a rate limit': (text) => answered({ 'ratelimit-remaining': text, 'docker-content-digest': text }, 200),
  'an answer of a token service': (text) =>
    answered({ 'www-authenticate': 'Bearer realm="https://base.example/token"' }, 401, text),
  'an Authorization': (text) => parseCredentials(`Basic ${text}`) ?? parseCredentials(text),
  scopes: (text) => refused(() => parseScopes([text, `repository:${text}:pull`])),
  'a pattern of repositories': (text) => isRepositoryPattern(text) || isRepositoryPattern(`${text}*`),
  'patterns of names': (text) => [
    repositoryGlobSchema.safeParse(text),
    tagGlobSchema.safeParse(text),
    globMatches('**/team/*-v*', text),
    globMatches('*a*a*', text),
    globMatches(text.slice(0, 300), text.slice(0, 300)),
  ],
  'a digest': (text) => parseDigest(text) ?? parseDigest(`sha256:${text}`),
  'a name and a tag': (text) => [isRepositoryName(text), isTag(text), isRepositoryName(`a${text}`)],
  'a path of the registry': (text) =>
    ['', '/manifests/', '/blobs/', '/blobs/uploads/', '/tags/list'].map((end) => [
      refused(() => parseRoute(`/v2/${text}${end}`, 'GET')),
      refused(() => parseRoute(`/v2/team/app${end}${text}`, 'GET')),
    ]),
  'a URL': (text) => targetOf(`http://registry.test/v2/?${text}`).query.get('n'),
  'a Range': (text) => parseRange(`bytes=${text}`, 1_000),
  'a Content-Range': (text) => refused(() => contentRange(request('content-range', text))),
  'a page size': (text) => refused(() => pageSizeIn(new URLSearchParams({ n: text }), { usual: 1, largest: 2 })),
  'an If-None-Match': (text) => isKnownToClient(headers('if-none-match', text), '"sha256:a"'),
  'a host': (text) => refused(() => originOf(withUrl(`http://${text}/`), undefined)),
  'versions of tags': (text) => [
    versionOf(text),
    versionOf(`1.2.3-${text}`),
    versionOf(`1${text}`),
    versionRangeSchema.safeParse(text),
    isVersionIn('>=1.0.0 <2.0.0 || 3.x', versionOf(`1.2.3-${text}`)),
  ],
  'a range of versions that is short enough': (text) => versionRangeSchema.safeParse(text.slice(0, 200)),
  'a schedule': (text) => scheduleSchema.safeParse({ every: 'day', at: text }),
  'a secret of webhooks': (text) => parseSecret(`whsec_${text}`),
  'a scope of webhooks': (text) => [parseScope(text), parseExclude(text)],
  'a proof': (text) =>
    proves(
      'secret',
      {
        headers: headers('webhook-signature', text),
        path: '/',
        query: new URLSearchParams({ token: text }),
        body: Buffer.from(text),
      },
      now,
      ['token', 'standard'],
    ),
  'an upload state': (text) => refused(() => openUpload(text, { ...key, id: 'a' }, Buffer.alloc(32), now)),
  'a URL of a receiver': (text) => [
    checkTarget(`https://${text}`, reach),
    checkTarget(`https://a.example/${text}`, reach),
    checkTarget(text, reach),
  ],
  'headers of a receiver': (text) => checkHeaders({ [text]: text }),
  'a network': (text) => isNetwork(text),
  'a User-Agent': (text) => new ClientClasses([]).of('a', text),
  'a manifest of one annotation': (text) =>
    refused(() => parseManifest(manifest({ annotations: { a: text } }), mediaTypes.ociIndex)),
  'a manifest of many annotations': (text) =>
    refused(() =>
      parseManifest(
        manifest({ annotations: Object.fromEntries(pieces(text).map((piece, at) => [`${at}`, piece])) }),
        mediaTypes.ociIndex,
      ),
    ),
  'a manifest of many images': (text) =>
    refused(() =>
      parseManifest(
        manifest({ manifests: pieces(text).map((piece) => ({ mediaType: piece, digest: piece, size: -1 })) }),
        mediaTypes.ociIndex,
      ),
    ),
  'a manifest that is none': (text) => refused(() => parseManifest(Buffer.from(text), text)),
  'a manifest of a long type': (text) => refused(() => parseManifest(manifest({ mediaType: text }), undefined)),
  'an event': (text) =>
    refused(() =>
      parseCloudEvent({
        specversion: '1.0',
        id: text,
        source: text,
        type: 'Microsoft.ContainerRegistry.ImagePushed',
        subject: text,
        time: text,
        data: { target: text },
      }),
    ),
  'a message of the local queue': (text) => messageBytes(text, 'base64'),
  'an event of the local Event Grid': (text) =>
    refused(() =>
      parsePublishRequest(
        { 'content-type': `application/cloudevents+json; ${text}` },
        Buffer.from(`[{"specversion":"1.0","datacontenttype":${JSON.stringify(text)}}]`),
      ),
    ),
  'a context': async (text) => {
    const archive = pack();
    for (const [at, piece] of pieces(text, 2_000).entries())
      archive.entry({ name: `${piece.replaceAll('\0', '')}${at}` }, '');
    archive.finalize();
    const bytes = await new Response(archive as unknown as ReadableStream).arrayBuffer();
    await fileIn(new Blob([bytes]).stream(), 'Dockerfile').catch(() => undefined);
  },
  'a context that is none': (text) => fileIn(new Blob([text]).stream(), 'Dockerfile').catch(() => undefined),
  'a pack of git': (text) =>
    checkPack(Buffer.concat([Buffer.from('PACK\0\0\0\x02\0\0\x01\0'), Buffer.from(text)])).catch((error: unknown) => {
      expect(error).toBeInstanceOf(GitFault);
    }),
  'a delta of git': (text) => refused(() => readDelta(Buffer.from(text), 1e9)),
};

/** A refusal is an answer. */
function refused(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    // One that runs out of stack is none.
    if (error instanceof RangeError) throw error;
    return error;
  }
}
