import type { CloudEvent } from 'cloudevents';
import { HTTP } from 'cloudevents';
import fc from 'fast-check';
import { Webhook as Receiver } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { catalogue, eventTypes } from '../../../../shared/core/events/catalogue.ts';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import { signatureHeaders } from '../../../../shared/core/secrets/standard-webhooks.ts';
import { renderBody } from '../../../../shared/features/webhooks/body.ts';
import { bodySchema } from '../../../../shared/features/webhooks/body-schema.ts';
import { deliveryIdOf, deliveryRef } from '../../../../shared/features/webhooks/delivery-id.ts';
import type { WebhookFormat } from '../../../../shared/features/webhooks/documents.ts';
import { formats } from '../../../../shared/features/webhooks/documents.ts';
import { parseSecret } from '../../../../shared/features/webhooks/secrets.ts';
import { ask } from '../../image.ts';
import { eventOf } from './events.ts';

const body = (format: WebhookFormat, event: Parameters<typeof renderBody>[1]): unknown =>
  JSON.parse(renderBody(format, event).body);
const digest = `sha256:${'2'.repeat(64)}`;
const common = { id: '31c51664-e5bd-416a-a5df-e5206bc47ed0', timestamp: '2026-01-01T12:00:00.000Z' };
const request = {
  id: '7c66f28b-de19-40a4-821c-6f5f6c0003a4',
  host: 'registry.example.com',
  method: 'PUT',
  useragent: 'docker/28.0.0',
};
const chart = {
  mediaType: 'application/vnd.acr.helm.chart',
  size: 25265,
  digest,
  repository: 'charts/mychart',
  tag: 'mychart-1.0.0.tgz',
  name: 'mychart',
  version: '1.0.0.tgz',
};

describe("ACR's format", () => {
  it.each([
    [
      'push',
      eventOf('Microsoft.ContainerRegistry.ImagePushed'),
      {
        ...common,
        action: 'push',
        target: {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          size: 524,
          digest,
          length: 524,
          repository: 'team/app',
          tag: 'v1',
        },
        request,
      },
    ],
    [
      'delete',
      eventOf('Microsoft.ContainerRegistry.ImageDeleted'),
      {
        ...common,
        action: 'delete',
        target: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, repository: 'team/app' },
        request,
      },
    ],
    [
      'chart_push',
      eventOf('Microsoft.ContainerRegistry.ChartPushed'),
      { ...common, action: 'chart_push', target: chart },
    ],
    [
      'chart_delete',
      eventOf('Microsoft.ContainerRegistry.ChartDeleted'),
      { ...common, action: 'chart_delete', target: chart },
    ],
    [
      'quarantine',
      eventOf('Longshore.ImageQuarantined'),
      {
        ...common,
        action: 'quarantine',
        target: { size: 524, digest, length: 524, repository: 'team/app', tag: 'v1' },
        request: { id: request.id, host: request.host, method: 'PUT' },
      },
    ],
    [
      'ping',
      { ...eventOf('Microsoft.ContainerRegistry.ImagePushed'), type: 'ping', data: { ...common, action: 'ping' } },
      { ...common, action: 'ping' },
    ],
    [
      'Longshore.TagMoved',
      eventOf('Longshore.TagMoved'),
      {
        ...common,
        action: 'Longshore.TagMoved',
        target: { repository: 'team/app', tag: 'v1', digest, previousDigest: `sha256:${'1'.repeat(64)}` },
        request,
        withheldUntil: '2026-01-02T12:00:00.000Z',
      },
    ],
  ])('has of %s what ACR sends, no more and no less, in its order', (_, event, expected) => {
    expect(renderBody('acr', event)).toEqual({ contentType: 'application/json', body: JSON.stringify(expected) });
  });

  it('leaves out the tag of a push by digest', () => {
    expect(body('acr', eventOf('Microsoft.ContainerRegistry.ImagePushed', { tag: undefined }))).not.toHaveProperty(
      'target.tag',
    );
  });
});

describe('the other formats', () => {
  it("are Standard Webhooks' payload", () => {
    const event = eventOf('Longshore.TagMoved');
    expect(body('standard', event)).toEqual({ type: 'Longshore.TagMoved', timestamp: event.time, data: event.data });
  });

  it('are a CloudEvent that its own library reads', () => {
    const event = eventOf('Longshore.TagMoved');
    const { contentType, body: text } = renderBody('cloudevents', event);
    const read = HTTP.toEvent({ headers: { 'content-type': contentType }, body: text }) as CloudEvent;
    expect(JSON.parse(JSON.stringify(read))).toEqual(event);
  });
});

describe('the description of the requests to receivers', () => {
  it.each(eventTypes.flatMap((type) => formats.map((format) => [type, format] as const)))(
    'holds for the example of %s in format %s, and for nothing else',
    (type, format) => {
      const schema = bodySchema(format, { type, data: catalogue[type].data });
      const example = body(format, eventOf(type)) as object;
      expect(schema.parse(example)).toEqual(example);
      expect(schema.safeParse({ ...example, more: 1 }).success).toBe(false);
    },
  );

  it("stands in the OpenAPI document: an entry for each action and format, with the signature's headers", async () => {
    const { webhooks } = (await (await ask(composeForTest().app, 'GET', '/api/v1/openapi.json')).json()) as {
      webhooks: Record<
        string,
        {
          post: {
            parameters: { name: string; in: string; required: boolean }[];
            requestBody: { content: Record<string, { schema: { properties: object }; example: object }> };
          };
        }
      >;
    };
    const actions = [
      'ping',
      'push',
      'delete',
      'quarantine',
      'chart_push',
      'chart_delete',
      ...eventTypes.filter((type) => type.startsWith('Longshore.') && type !== 'Longshore.ImageQuarantined'),
    ];
    expect(Object.keys(webhooks).sort()).toEqual(
      actions.flatMap((action) => formats.map((format) => `${action}.${format}`)).sort(),
    );
    for (const { post } of Object.values(webhooks)) {
      expect(post.parameters.map(({ name, in: place, required }) => `${place} ${name} ${required}`)).toEqual(
        ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => `header ${name} true`),
      );
      const [content] = Object.values(post.requestBody.content);
      expect(Object.keys(content?.schema.properties ?? {}).sort()).toEqual(Object.keys(content?.example ?? {}).sort());
    }
  });
});

describe('a signature', () => {
  const secret = `whsec_${Buffer.alloc(32, 'one').toString('base64')}`;
  const other = `whsec_${Buffer.alloc(24, 'two').toString('base64')}`;
  const bytes = (...secrets: string[]) => secrets.map((each) => parseSecret(each) ?? new Uint8Array());

  it.each(formats)(
    'of format %s is one that the library of Standard Webhooks verifies with either secret',
    (format) => {
      const { body: text } = renderBody(format, eventOf('Microsoft.ContainerRegistry.ImagePushed'));
      const headers = signatureHeaders({ id: 'dlv_1', at: new Date(), body: text }, bytes(secret, other));
      expect(new Receiver(secret).verify(text, headers)).toEqual(JSON.parse(text));
      expect(new Receiver(other).verify(text, headers)).toEqual(JSON.parse(text));
      expect(() => new Receiver(`whsec_${Buffer.alloc(32, 'x').toString('base64')}`).verify(text, headers)).toThrow();
    },
  );

  it('is of this body, this id and this time', () => {
    const headers = signatureHeaders({ id: 'dlv_1', at: new Date(), body: '{"a":"é"}' }, bytes(secret));
    const receiver = new Receiver(secret);
    receiver.verify('{"a":"é"}', headers);
    expect(() => receiver.verify('{"a":"e"}', headers)).toThrow();
    expect(() => receiver.verify('{"a":"é"}', { ...headers, 'webhook-id': 'dlv_2' })).toThrow();
    expect(() =>
      receiver.verify(
        '{"a":"é"}',
        signatureHeaders({ id: 'dlv_1', at: new Date(Date.now() - 600_000), body: '{"a":"é"}' }, bytes(secret)),
      ),
    ).toThrow();
  });

  it('is the one that the library itself makes', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ minLength: 24, maxLength: 64 }), (text, key) => {
        const at = new Date(1_767_268_800_123);
        const own = `whsec_${Buffer.from(key).toString('base64')}`;
        expect(signatureHeaders({ id: 'dlv_1', at, body: text }, bytes(own))['webhook-signature']).toBe(
          new Receiver(own).sign('dlv_1', at, text),
        );
      }),
    );
  });
});

describe('a secret', () => {
  it.each([
    '',
    'whsec_',
    'secret',
    `whsec_${'A'.repeat(20)}`,
    `whsec_${Buffer.alloc(65).toString('base64')}`,
    `whsec_${'*'.repeat(40)}`,
    `whsec_${'A'.repeat(33)}`,
  ])('is not %j', (text) => expect(parseSecret(text)).toBeUndefined());
});

describe('the id of a delivery', () => {
  const registry = 'default' as RegistryName;

  it('is the same for the same event and hook, and leads to where it lies', () => {
    const event = { id: 'e1', time: '2026-01-01T23:30:00-02:00' };
    const id = deliveryIdOf(registry, 'deploy', event);
    expect(id).toMatch(/^dlv_20260102-[A-Za-z0-9_-]{32}$/);
    expect(deliveryIdOf(registry, 'deploy', { ...event })).toBe(id);
    expect(
      new Set([
        id,
        deliveryIdOf(registry, 'other', event),
        deliveryIdOf('another' as RegistryName, 'deploy', event),
        deliveryIdOf(registry, 'deploy', { ...event, id: 'e2' }),
      ]).size,
    ).toBe(4);
    expect(deliveryRef(registry, 'deploy', id)).toEqual({
      container: 'deliveries',
      partition: ['default:deploy', '2026-01-02'],
      id,
    });
  });

  it.each(['', 'dlv_', 'dlv_20260102-short', '../x', 'dlv_20260102-0123456789abcdefghijklmnopqrst/v'])(
    'is not %j',
    (text) => expect(deliveryRef(registry, 'deploy', text)).toBeUndefined(),
  );
});
