import type { components } from '../../generated/api.d.ts';
import type { Context } from '../context.ts';
import { Failure, usageFailure } from '../failure.ts';
import type { List } from '../output.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import { timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';
import { create, endSecret, remove, rotate, secrets, switches } from './webhook-changes.ts';

type Webhook = components['schemas']['Webhook'];
type Delivery = components['schemas']['WebhookDelivery'];

function healthOf({ status, failingSince }: Webhook): string {
  if (status === 'disabled') return 'disabled';
  return failingSince === undefined ? 'ok' : 'failing';
}

const hooks: List<Webhook> = {
  columns: [
    { title: 'NAME', text: ({ name }) => name },
    { title: 'HEALTH', isState: true, text: healthOf },
    { title: 'SINCE', text: ({ failingSince }) => timeOf(failingSince), raw: ({ failingSince }) => failingSince },
    { title: 'ACTIONS', mayShrink: true, text: ({ actions }) => actions.join(',') },
    { title: 'SCOPE', mayShrink: true, text: ({ scope }) => (scope === '' ? '*' : scope) },
    { title: 'POSTS TO', mayShrink: true, text: ({ serviceUri }) => serviceUri },
  ],
  nameOf: ({ name }) => name,
  whenEmpty: 'There is no webhook: webhooks create NAME URL makes one.',
};

/** Says in a few words how the last attempt ended. The receiver wrote its response: it is text from outside. */
function lastAnswer({ attempts, failure }: Delivery): string {
  const last = attempts.at(-1);
  if (last?.response !== undefined) return `${last.response.status} ${last.response.body.trim()}`.trim();
  return last?.failure === undefined ? (failure ?? '') : `${last.failure.is}: ${last.failure.why}`;
}

const deliveryList: List<Delivery> = {
  columns: [
    { title: 'EVENT AT', text: ({ eventTime }) => timeOf(eventTime), raw: ({ eventTime }) => eventTime },
    { title: 'STATUS', isState: true, text: ({ status }) => status },
    { title: 'EVENT', text: ({ eventType }) => eventType.replace(/^.*\./, ''), raw: ({ eventType }) => eventType },
    { title: 'REPOSITORY', mayShrink: true, text: ({ repository }) => repository },
    { title: 'TRIES', isNumber: true, text: ({ attempted }) => String(attempted) },
    { title: 'ANSWER', mayShrink: true, text: lastAnswer },
    { title: 'ID', text: ({ id }) => id },
  ],
  nameOf: ({ id }) => id,
  whenEmpty: 'Nothing was delivered: webhooks ping NAME posts a test.',
};

const ls: Verb = {
  name: 'ls',
  does: 'Lists the webhooks, and which of them fail',
  examples: ['webhooks ls', 'webhooks ls -o name'],
  async run({ connect, output }) {
    await output.list(itemsOf(await connect(), '/webhooks', { query: { limit: 100 } }), hooks);
  },
};

const deliveries: Verb = {
  name: 'deliveries',
  does: 'Lists what a webhook delivered and how its receiver answered, the newest event first',
  takes: '<webhook>',
  flags: [
    {
      flags: '--status <status>',
      says: 'the deliveries of one status',
      choices: ['waiting', 'delivered', 'expired', 'cancelled'],
    },
    { flags: '--repository <repository>', says: 'the deliveries about one repository' },
    { flags: '--since <time>', says: 'the earliest time of the events, as in 2026-01-31T00:00:00Z' },
  ],
  examples: ['webhooks deliveries first1', 'webhooks deliveries first1 --status waiting -o json'],
  async run({ connect, output }, given) {
    const query = {
      limit: 100,
      status: given.text('status') as Delivery['status'] | undefined,
      repository: given.text('repository'),
      since: given.text('since'),
    };
    const wanted = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
    const path = { name: given.at(0) };
    await output.list(itemsOf(await connect(), '/webhooks/{name}/deliveries', { path, query: wanted }), deliveryList);
  },
};

const delivery: Verb = {
  name: 'delivery',
  does: 'Shows one delivery: its event, and each attempt with the answer of the receiver',
  takes: '<webhook> <delivery>',
  examples: ['webhooks delivery first1 dlv_01', 'webhooks delivery first1 dlv_01 -o json'],
  async run({ connect, output }, given) {
    const path = { name: given.at(0), id: given.at(1) };
    const api = await (await connect()).api;
    const found = dataOf(await api.GET('/webhooks/{name}/deliveries/{id}', { params: { path } }));
    await output.one(found, {
      name: found.id,
      lines: [
        ['delivery', found.id],
        ['status', found.status],
        ['because', found.because],
        ['event', `${found.eventType}  ${timeOf(found.eventTime)}`],
        ['event id', found.eventId],
        ['repository', found.repository],
        ['next attempt', timeOf(found.nextAttemptAt)],
        ...found.attempts.map((attempt) => [`attempt ${attempt.number}`, attemptOf(attempt)] as const),
        ['content', found.event === undefined ? undefined : JSON.stringify(found.event)],
      ],
    });
  },
};

function attemptOf({ cause, at, ms, request, response, failure }: Delivery['attempts'][number]): string {
  const answer =
    response === undefined
      ? `${failure?.is ?? 'failed'}: ${failure?.why ?? 'no answer'}`
      : `${response.status} ${response.reason} ${response.body.trim()}${response.truncated ? '…' : ''}`;
  return `${timeOf(at)}  ${cause}  ${request.url}  ${ms} ms  ${answer.trim()}`;
}

async function redeliverOne({ connect, output }: Context, name: string, id: string): Promise<void> {
  const api = await (await connect()).api;
  const sent = dataOf(await api.POST('/webhooks/{name}/deliveries/{id}/redeliver', { params: { path: { name, id } } }));
  await output.one(sent, {
    name: sent.id,
    lines: [
      ['delivery', sent.id],
      ['status', sent.status],
      ['answer', lastAnswer(sent)],
    ],
  });
}

/** Has all redelivered that failed since a time, and waits for the end of it. */
async function redeliverSince(context: Context, name: string, since: string): Promise<void> {
  const api = await (await context.connect()).api;
  let job = dataOf(await api.POST('/webhooks/{name}/redeliver', { params: { path: { name } }, body: { since } }));
  await context.goingOn('The redelivery', `webhooks deliveries ${name} shows it`, async () => {
    while (job.state === 'running') {
      await context.progress(`${job.redelivered} redelivered…`);
      await context.world.pause(1_000, context.world.interrupted);
      job = dataOf(await api.GET('/webhooks/{name}/redeliver/{job}', { params: { path: { name, job: job.id } } }));
    }
  });
  await context.progress('');
  await context.output.one(job, {
    name: job.id,
    lines: [
      ['state', job.state],
      ['redelivered', job.redelivered],
      ['because', job.because],
    ],
  });
  if (job.state === 'stopped')
    throw new Failure(
      `the redelivery stopped after ${job.redelivered}: ${job.because ?? 'no reason is given'}; run it again for the rest`,
    );
}

const redeliver: Verb = {
  name: 'redeliver',
  does: 'Delivers one event again, or all that failed since a time',
  takes: '<webhook> [delivery]',
  flags: [{ flags: '--since <time>', says: 'all that was not delivered since that time, as in 2026-01-31T00:00:00Z' }],
  examples: ['webhooks redeliver first1 dlv_01', 'webhooks redeliver first1 --since 2026-01-31T00:00:00Z'],
  async run(context, given) {
    const [id, since] = [given.args[1], given.text('since')];
    if (id !== undefined && since === undefined) return redeliverOne(context, given.at(0), id);
    if (id === undefined && since !== undefined) return redeliverSince(context, given.at(0), since);
    throw usageFailure(
      `say which: the id of one delivery (${context.world.call} webhooks deliveries ${given.at(0)} -o name lists them), or --since TIME`,
    );
  },
};

const ping: Verb = {
  name: 'ping',
  does: 'Posts a test to the receiver of a webhook, and says how it answered',
  takes: '<webhook>',
  notes: ['The exit code is 1 when the receiver did not take it.'],
  examples: ['webhooks ping first1'],
  async run({ connect, output, world }, given) {
    const api = await (await connect()).api;
    const name = given.at(0);
    const pinged = dataOf(await api.POST('/webhooks/{name}/ping', { params: { path: { name } } }));
    await output.one(pinged, {
      name: pinged.deliveryId,
      lines: [
        ['webhook', name],
        ['status', pinged.status],
        ['because', pinged.because],
        ['delivery', pinged.deliveryId],
      ],
    });
    if (pinged.status !== 'delivered')
      throw new Failure(
        `the receiver of ${name} did not take the ping: ${pinged.because ?? pinged.status}; ` +
          `${world.call} webhooks deliveries ${name} shows what it answered`,
      );
  },
};

export const webhooks: Verb = {
  name: 'webhooks',
  does: 'Makes, shows and deletes webhooks, shows what they delivered, and delivers again',
  verbs: [ls, deliveries, delivery, redeliver, ping, create, remove, ...switches, secrets, rotate, endSecret],
};
