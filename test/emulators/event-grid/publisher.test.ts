import {
  AzureKeyCredential,
  AzureSASCredential,
  EventGridPublisherClient,
  generateSharedAccessSignature,
} from '@azure/eventgrid';
import { describe, expect, it } from 'vitest';
import { startReceiver } from './receiver.ts';
import { keys, startTopic, webhook } from './topic-fixture.ts';

const local = { allowInsecureConnection: true, retryOptions: { maxRetries: 0 } };
const pushed = {
  type: 'Microsoft.ContainerRegistry.ImagePushed',
  source: '/registries/local',
  subject: 'hello:v1',
  data: { action: 'push' },
};

describe('the unmodified @azure/eventgrid publisher', () => {
  it('publishes with an access key', async () => {
    await using receiver = await startReceiver();
    await using topic = await startTopic({ subscriptions: [webhook(receiver.url)] });
    const client = new EventGridPublisherClient(topic.endpoint, 'CloudEvent', new AzureKeyCredential(keys[1]), local);
    await client.send([pushed, { ...pushed, subject: 'hello:v2' }]);
    const received = await receiver.whenReceived(2);
    const subjects = received.map(({ body }) => (JSON.parse(body) as { subject: string }).subject);
    expect(subjects.sort()).toEqual(['hello:v1', 'hello:v2']);
  });

  it('publishes with a shared access signature', async () => {
    await using receiver = await startReceiver();
    await using topic = await startTopic({ subscriptions: [webhook(receiver.url)] });
    const inAnHour = new Date(Date.now() + 3_600_000);
    const signature = await generateSharedAccessSignature(topic.endpoint, new AzureKeyCredential(keys[0]), inAnHour);
    const client = new EventGridPublisherClient(topic.endpoint, 'CloudEvent', new AzureSASCredential(signature), local);
    await client.send([pushed]);
    const [received] = await receiver.whenReceived(1);
    expect(JSON.parse(received?.body ?? '')).toMatchObject(pushed);
  });

  it('carries bytes and extension attributes unchanged', async () => {
    await using receiver = await startReceiver();
    await using topic = await startTopic({ subscriptions: [webhook(receiver.url)] });
    const client = new EventGridPublisherClient(topic.endpoint, 'CloudEvent', new AzureKeyCredential(keys[0]), local);
    const data = new Uint8Array([0, 255, 1]);
    await client.send([
      { ...pushed, data, datacontenttype: 'application/octet-stream', extensionAttributes: { region: 'west' } },
    ]);
    const [received] = await receiver.whenReceived(1);
    expect(JSON.parse(received?.body ?? '')).toMatchObject({ data_base64: 'AP8B', region: 'west' });
  });

  it('is told 401 for a wrong key', async () => {
    await using topic = await startTopic();
    const client = new EventGridPublisherClient(
      topic.endpoint,
      'CloudEvent',
      new AzureKeyCredential('d3Jvbmc='),
      local,
    );
    await expect(client.send([pushed])).rejects.toMatchObject({ statusCode: 401 });
  });

  it('is told 400 when it is configured for the Event Grid schema', async () => {
    await using topic = await startTopic();
    const client = new EventGridPublisherClient(topic.endpoint, 'EventGrid', new AzureKeyCredential(keys[0]), local);
    const old = { eventType: 'Test', subject: 'hello', dataVersion: '1.0', data: {} };
    await expect(client.send([old])).rejects.toMatchObject({ statusCode: 400 });
  });
});
