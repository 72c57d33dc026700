import { MemoryTracer } from '../../shared/adapters/memory/tracer.ts';
import { tracerContract } from './tracer.contract.ts';

tracerContract('memory', () => {
  const tracer = new MemoryTracer();
  const seen = () =>
    new Map(
      tracer.spans.map((span) => [
        span.name,
        { ...span, side: span.kind === 'server' || span.kind === 'consumer' ? 'answered' : 'asked' } as const,
      ]),
    );
  return Promise.resolve({ tracer, finish: () => Promise.resolve(seen()), stop: () => Promise.resolve() });
});
