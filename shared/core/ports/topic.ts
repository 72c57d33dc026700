/**
 * A CloudEvent 1.0 in its JSON form
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md).
 */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  /** The time in RFC 3339. */
  readonly time: string;
  readonly data: unknown;
  readonly datacontenttype: 'application/json';
  /** An extension: the trace in which the event was published. */
  readonly traceparent?: string;
}

export interface PublishEvents {
  /**
   * Publishes 1 or more events in one call, at most 1 MB together. Delivery is at least once, in no order. Throws
   * `StoreFailure`.
   */
  publishEvents(events: readonly CloudEvent[]): Promise<void>;
}
