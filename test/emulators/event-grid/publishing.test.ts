import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsePublishRequest } from '../../../emulators/event-grid/publish-request.ts';
import type { Receiver } from './receiver.ts';
import { startReceiver, until } from './receiver.ts';
import type { TestTopic } from './topic-fixture.ts';
import { event, keys, startTopic, webhook } from './topic-fixture.ts';

const LIMIT = 1_048_576;
let receiver: Receiver;
let topic: TestTopic;

beforeAll(async () => {
  receiver = await startReceiver();
  topic = await startTopic({ subscriptions: [webhook(receiver.url)] });
});
afterAll(async () => {
  await topic[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>): Promise<Response> {
  return fetch(topic.endpoint, { method: 'POST', headers: { 'aeg-sas-key': keys[0], ...headers }, body });
}

async function refusal(answer: Promise<Response>): Promise<{ status: number; message: string }> {
  const response = await answer;
  const { error } = (await response.json()) as { error: { message: string } };
  return { status: response.status, message: error.message };
}

async function arrivalOf(id: string): Promise<Record<string, unknown>> {
  const find = (): Record<string, unknown> | undefined => receiver.events().find((one) => one['id'] === id);
  await until(() => find() !== undefined);
  return find() ?? {};
}

describe('publishing CloudEvents', () => {
  it('answers an accepted event with an empty 200', async () => {
    const response = await topic.publish(event());
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it('takes the structured mode', async () => {
    await post(JSON.stringify(event({ id: 'structured' })), {
      'content-type': 'application/cloudevents+json; charset=utf-8',
    });
    expect(await arrivalOf('structured')).toMatchObject({ id: 'structured', data: { n: 1 } });
  });

  it('takes the binary mode with JSON data', async () => {
    const attributes = {
      'ce-specversion': '1.0',
      'ce-id': 'binary',
      'ce-type': 'T',
      'ce-source': '/s',
      'ce-subject': 'Gr%C3%BC%C3%9Fe',
    };
    await post('{"n":2}', { ...attributes, 'content-type': 'application/json' });
    const expected = { specversion: '1.0', id: 'binary', type: 'T', source: '/s', subject: 'Grüße' };
    expect(await arrivalOf('binary')).toEqual({ ...expected, datacontenttype: 'application/json', data: { n: 2 } });
  });

  it('takes the binary mode with bytes', async () => {
    const attributes = { 'ce-specversion': '1.0', 'ce-id': 'bytes', 'ce-type': 'T', 'ce-source': '/s' };
    await post(new Uint8Array([0, 255]), { ...attributes, 'content-type': 'application/octet-stream' });
    expect(await arrivalOf('bytes')).toMatchObject({ id: 'bytes', data_base64: 'AP8=' });
  });

  it('counts an attribute that is null as absent, and keeps data that is null', async () => {
    await topic.publish(event({ id: 'nulls', subject: null, data: null }));
    const got = await arrivalOf('nulls');
    expect(got).not.toHaveProperty('subject');
    expect(got).toHaveProperty('data', null);
  });

  it('takes nothing from a batch that holds one faulty event', async () => {
    const answer = await refusal(topic.publish(event({ id: 'good one' }), event({ id: '' })));
    expect(answer).toMatchObject({ status: 400, message: expect.stringContaining('index 1') as string });
    await topic.publish(event({ id: 'after' }));
    await arrivalOf('after');
    expect(receiver.events().map(({ id }) => id)).not.toContain('good one');
  });

  it.each([
    ['without an id', { id: undefined }, 'id'],
    ['without a source', { source: undefined }, 'source'],
    ['without a type', { type: undefined }, 'type'],
    ['of another specification version', { specversion: '0.3' }, 'specversion'],
    ['with an empty subject', { subject: '' }, 'subject'],
    ['with a time that is not RFC 3339', { time: '23.11.2026' }, 'time'],
    ['with a relative dataschema', { dataschema: 'schema' }, 'dataschema'],
    ['with a datacontenttype that is no media type', { datacontenttype: 'json' }, 'datacontenttype'],
    ['with data twice', { data_base64: 'AP8=' }, 'data_base64'],
    ['with data_base64 that is not base64', { data: undefined, data_base64: '?' }, 'data_base64'],
    ['with an extension name in upper case', { Region: 'west' }, 'Region'],
    ['with an extension that is an object', { region: {} }, 'region'],
    ['with an extension beyond 32 bits', { sequence: 2 ** 31 }, 'sequence'],
  ])('refuses an event %s and names the attribute', async (_, overrides, attribute) => {
    const { status, message } = await refusal(topic.publish(event(overrides)));
    expect(status).toBe(400);
    expect(message).toContain(`${attribute}: `);
  });

  it.each([
    ['a body that is not JSON', '{', 'application/cloudevents+json', /not JSON/],
    ['a body that is not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'application/cloudevents+json', /not UTF-8/],
    ['a batch that is not an array', '{}', 'application/cloudevents-batch+json', /must be a JSON array/],
    ['the Event Grid schema', '[]', 'application/json', /accepts CloudEvents 1.0/],
  ])('refuses %s', async (_, body, contentType, message) => {
    const answer = await refusal(post(body, { 'content-type': contentType }));
    expect(answer.status).toBe(400);
    expect(answer.message).toMatch(message);
  });

  it('refuses data that comes as a header', async () => {
    const attributes = { 'ce-specversion': '1.0', 'ce-id': 'x', 'ce-type': 'T', 'ce-source': '/s', 'ce-data': 'x' };
    expect(await refusal(post('', attributes))).toEqual({
      status: 400,
      message: 'ce-data and ce-data_base64 are not attributes.',
    });
  });

  it('survives a publisher that leaves in the middle of its body', async () => {
    const { hostname, port } = new URL(topic.endpoint);
    const socket = connect(Number(port), hostname);
    socket.write(`POST /api/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{`, () => socket.destroy());
    await once(socket, 'close');
    expect((await topic.publish(event())).status).toBe(200);
    expect(topic.lines).toEqual([]);
  });

  it('passes any JSON data on unchanged', () => {
    const headers = { 'content-type': 'application/cloudevents+json' };
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        const sent = JSON.stringify(event({ data }));
        const [accepted] = parsePublishRequest(headers, Buffer.from(sent));
        expect(JSON.parse(accepted?.json ?? '')).toEqual(JSON.parse(sent));
      }),
    );
  });

  it('refuses other paths and methods', async () => {
    const elsewhere = await fetch(new URL('/api/other', topic.endpoint), { method: 'POST' });
    const get = await fetch(topic.endpoint);
    expect([elsewhere.status, get.status]).toEqual([404, 405]);
    await Promise.all([elsewhere.arrayBuffer(), get.arrayBuffer()]);
  });
});

describe('the size limit of a publish request', () => {
  const sized = (bytes: number): string => {
    const frame = JSON.stringify(event({ id: 'x', data: '' }));
    return JSON.stringify(event({ id: 'x', data: 'a'.repeat(bytes - Buffer.byteLength(frame)) }));
  };

  it('takes exactly 1,048,576 bytes', async () => {
    const response = await post(sized(LIMIT), { 'content-type': 'application/cloudevents+json' });
    expect(response.status).toBe(200);
  });

  it.each([LIMIT + 1, 4 * LIMIT])('answers %i bytes with 413', async (bytes) => {
    const answer = await refusal(post(sized(bytes), { 'content-type': 'application/cloudevents+json' }));
    expect(answer).toMatchObject({ status: 413, message: expect.stringContaining('The request is larger') as string });
  });

  it('answers 413 for an event that only its JSON form makes too large', async () => {
    const attributes = { 'ce-specversion': '1.0', 'ce-id': 'x', 'ce-type': 'T', 'ce-source': '/s' };
    const answer = await refusal(
      post(new Uint8Array(LIMIT - 100), { ...attributes, 'content-type': 'application/octet-stream' }),
    );
    expect(answer).toMatchObject({ status: 413, message: expect.stringContaining('The event is larger') as string });
  });
});
