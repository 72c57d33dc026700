import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import type { SpanAttributes, SpanEnd, SpanStart, Tracer } from '../../core/ports/tracer.ts';

export interface RecordedSpan {
  readonly name: string;
  readonly kind: SpanStart['kind'];
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly attributes: SpanAttributes;
  readonly failed: boolean;
}

interface Place {
  readonly traceId: string;
  readonly spanId: string;
}

const traceparentPattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}$/;

/** Keeps every span that has ended, in that order. */
export class MemoryTracer implements Tracer {
  readonly spans: RecordedSpan[] = [];
  readonly #places = new AsyncLocalStorage<Place>();

  async inSpan<T>(
    { name, kind, attributes, parent }: SpanStart,
    work: () => Promise<T>,
    end?: (result: T) => SpanEnd,
  ): Promise<T> {
    const above = placeOf(parent) ?? this.#places.getStore();
    const place = {
      traceId: above?.traceId ?? randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
    };
    const record = (ended: SpanEnd) => {
      this.spans.push({
        name,
        kind,
        ...place,
        parentId: above?.spanId,
        attributes: { ...attributes, ...ended.attributes },
        failed: ended.failed ?? false,
      });
    };
    try {
      const result = await this.#places.run(place, work);
      record(end?.(result) ?? {});
      return result;
    } catch (error) {
      record({ failed: true, attributes: { 'longshore.error': error instanceof Error ? error.name : 'unknown' } });
      throw error;
    }
  }

  traceparent(): string | undefined {
    const place = this.#places.getStore();
    return place === undefined ? undefined : `00-${place.traceId}-${place.spanId}-01`;
  }
}

function placeOf(traceparent: string | undefined): Place | undefined {
  const [, traceId, spanId] = traceparentPattern.exec(traceparent ?? '') ?? [];
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId };
}
