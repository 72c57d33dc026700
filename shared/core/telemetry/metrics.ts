import { Counter, Histogram, Registry } from 'prom-client';
import type { Dependency } from '../ports/failures.ts';
import type { NoAnswer } from '../ports/post.ts';
import type { Pull, TellPulls } from '../ports/pulls.ts';
import type { TellReplication } from '../ports/replication.ts';
import type { ByteWay, CountBytes } from '../ports/traffic.ts';
import type { TellVerdicts } from '../ports/verdicts.ts';
import { methodName, routeName } from './route-name.ts';

/** The end of a call; `failed` is a URL that is refused, or an error that no adapter should throw. */
export type CallOutcome = 'ok' | 'unavailable' | 'throttled' | 'failed';

export const statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
/** The outcome of a post to a webhook's receiver: the class of its answer, or why there is none. */
export type PostOutcome = (typeof statusClasses)[number] | 'other' | NoAnswer['is'];

/** Limits in seconds. A pull takes a fraction of a millisecond from memory; a push of a large layer takes minutes. */
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600];
/** Limits in seconds. A receiver gets 15. */
const postBuckets = [0.01, 0.05, 0.1, 0.25, 1, 5, 15];
/**
 * Limits in seconds. Events are published at once after the push, or with the sweep, or after an outage of the topic.
 */
const lagBuckets = [0.01, 0.05, 0.1, 0.25, 1, 5, 10, 30, 60, 600, 3_600];

/**
 * Counts what one instance has done since it started, in a registry of its own: two apps in one process share nothing.
 * No label comes from what a client sent. If several instances run, each scrape reads one of them.
 */
export class Metrics implements CountBytes, TellPulls, TellReplication, TellVerdicts {
  readonly #registry = new Registry();
  readonly #requests = this.#counter('requests_total', 'Requests answered', ['route', 'method', 'status']);
  readonly #durations = this.#histogram(
    'request_duration_seconds',
    'The time until the head of the answer',
    ['route', 'method'],
    durationBuckets,
  );
  readonly #calls = this.#counter(
    'store_calls_total',
    'Calls of stores, of the topic and of hosts that users name, without the retries inside SDKs',
    ['call', 'outcome'],
  );
  readonly #bytes = this.#counter('blob_bytes_total', 'Bytes of blobs that were received, redirected to, or proxied', [
    'way',
  ]);
  readonly #events = this.#counter('events_published_total', 'Events that the topic accepted', ['type']);
  readonly #lag = this.#histogram(
    'event_lag_seconds',
    'Time from the change that an event describes until the topic accepted the event',
    [],
    lagBuckets,
  );
  readonly #swept = this.#counter('outbox_swept_events_total', 'Events that the sweep published', []);

  readonly #posts = this.#counter(
    'webhook_posts_total',
    'Posts to receivers of webhooks, retries and pings among them, by the class of the answer or why there was none',
    ['outcome'],
  );
  readonly #postDurations = this.#histogram(
    'webhook_post_duration_seconds',
    'Time until a receiver had answered, or was given up',
    [],
    postBuckets,
  );

  readonly #pulls = this.#counter(
    'pulls_total',
    'GETs and HEADs of manifests and GETs of blobs that were answered, when they are flushed',
    ['what', 'client'],
  );
  readonly #flushes = this.#counter('pull_batches_total', 'Batches of counted pulls, by whether they were sent', [
    'outcome',
  ]);
  readonly #folds = this.#histogram(
    'pull_fold_lag_seconds',
    'Time from the minute of the oldest pull of a batch until it is in the counters',
    [],
    lagBuckets,
  );

  readonly #replicated = this.#histogram(
    'replication_lag_seconds',
    'Time from planning an image for a region until it is whole there',
    ['region'],
    lagBuckets,
  );
  readonly #copies = this.#counter(
    'replication_copies_total',
    'Copies of blobs to this region, by the outcome of each attempt',
    ['outcome'],
  );
  readonly #copiedBytes = this.#counter(
    'replication_bytes_total',
    'Bytes of blobs that were copied to this region, by the storage itself',
    [],
  );

  readonly #judgements = this.#counter(
    'judgements_total',
    'Judgements that have given a manifest another state, by the part of the verdict',
    ['part', 'state'],
  );
  readonly #held = this.#counter(
    'held_pulls_total',
    'Pulls and copies of manifests that a verdict has refused, or noted in audit mode and in a grace',
    ['part', 'state', 'outcome'],
  );

  /** Makes the counters. `labels` stand on all of them: they name the registry where an instance has several. */
  constructor(labels: Readonly<Record<string, string>> = {}) {
    this.#registry.setDefaultLabels(labels);
  }

  /** Counts a request. `path` is still percent-encoded; `ms` is the time until the answer's head was there. */
  countRequest({
    path,
    method,
    status,
    ms,
  }: {
    readonly path: string;
    readonly method: string;
    readonly status: number;
    readonly ms: number;
  }): void {
    const labels = { route: routeName(path), method: methodName(method) };
    this.#durations.observe(labels, ms / 1_000);
    this.#requests.inc({ ...labels, status });
  }

  countCall(call: `${Dependency}.${string}`, outcome: CallOutcome): void {
    this.#calls.inc({ call, outcome });
  }

  countBytes(way: ByteWay, bytes: number): void {
    this.#bytes.inc({ way }, bytes);
  }

  countPost(outcome: PostOutcome, ms: number): void {
    this.#posts.inc({ outcome });
    this.#postDurations.observe(ms / 1_000);
  }

  /** Observes how long an image took to be whole in `region`, which is one of the deployment's. */
  tellReplicated(region: string, lagMs: number): void {
    this.#replicated.observe({ region }, Math.max(0, lagMs) / 1_000);
  }

  tellCopied(outcome: 'copied' | 'failed' | 'gone', bytes: number): void {
    this.#copies.inc({ outcome });
    this.#copiedBytes.inc(bytes);
  }

  tellPulls(what: Pull['what'], client: string, pulls: number): void {
    this.#pulls.inc({ what, client }, pulls);
  }

  tellJudged(...[part, state]: Parameters<TellVerdicts['tellJudged']>): void {
    this.#judgements.inc({ part, state });
  }

  tellHeld(...[part, state, outcome]: Parameters<TellVerdicts['tellHeld']>): void {
    this.#held.inc({ part, state, outcome });
  }

  tellFlush(outcome: 'sent' | 'failed' | 'dropped'): void {
    this.#flushes.inc({ outcome });
  }

  tellFold(lagMs: number): void {
    this.#folds.observe(Math.max(0, lagMs) / 1_000);
  }

  /** Counts an event of a `type` of the catalogue. A lag below zero comes from a clock that was set back. */
  countPublished(type: string, lagMs: number): void {
    this.#events.inc({ type });
    this.#lag.observe(Math.max(0, lagMs) / 1_000);
  }

  countSwept(events: number): void {
    this.#swept.inc(events);
  }

  /** Answers `GET /metrics`, in the text format of Prometheus. */
  async respond(): Promise<Response> {
    return new Response(await this.#registry.metrics(), {
      headers: { 'Content-Type': this.#registry.contentType, 'Cache-Control': 'no-store' },
    });
  }

  #counter<T extends string>(name: string, help: string, labelNames: T[]): Counter<T> {
    return new Counter({ name: `longshore_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #histogram<T extends string>(name: string, help: string, labelNames: T[], buckets: number[]): Histogram<T> {
    return new Histogram({ name: `longshore_${name}`, help, labelNames, buckets, registers: [this.#registry] });
  }
}
