import { z } from 'zod';
import type { RegisteredFunction } from './application.ts';
import { parseRetryPolicy, type RetryPolicy } from './retry.ts';

const httpTrigger = z.looseObject({
  type: z.literal('httpTrigger'),
  route: z.string().optional(),
  methods: z.array(z.string().toUpperCase()),
});
const queueTrigger = z.looseObject({
  type: z.literal('queueTrigger'),
  queueName: z.string().min(1),
  connection: z.string().min(1).default('AzureWebJobsStorage'),
  dataType: z.enum(['undefined', 'string', 'binary', 'stream']).optional(),
});
const timerTrigger = z.looseObject({
  type: z.literal('timerTrigger'),
  schedule: z.string().min(1),
  runOnStartup: z.boolean().default(false),
  useMonitor: z.boolean().default(true),
});
const eventGridTrigger = z.looseObject({ type: z.literal('eventGridTrigger') });
const trigger = z.discriminatedUnion('type', [httpTrigger, queueTrigger, timerTrigger, eventGridTrigger]);

export type Trigger = z.output<typeof trigger>;
export type HttpTrigger = z.output<typeof httpTrigger>;
export type QueueTrigger = z.output<typeof queueTrigger>;
export type TimerTrigger = z.output<typeof timerTrigger>;

/**
 * A registered function whose trigger this host can serve. `bindingName` is the library's name for the trigger's input.
 */
export interface HostedFunction<T extends Trigger = Trigger> extends RegisteredFunction {
  name: string;
  bindingName: string;
  trigger: T;
  retry: RetryPolicy | undefined;
}

const supported = new Set<unknown>(trigger.options.map((option) => option.shape.type.value));

/** Reads a function's bindings. Throws an error that names the function and the binding when one is not supported. */
export function parseFunction(registered: RegisteredFunction): HostedFunction {
  const { name, bindings } = registered.metadata;
  for (const [bindingName, binding] of Object.entries(bindings)) refuseUnsupported(name, bindingName, binding);
  const [bindingName, binding] = Object.entries(bindings).find(([, one]) => supported.has(one.type)) ?? [];
  if (bindingName === undefined) throw new Error(`Function "${name}" has no trigger.`);
  const parsed = trigger.safeParse(binding);
  if (!parsed.success)
    throw new Error(`Function "${name}" has a trigger that is not valid:\n${z.prettifyError(parsed.error)}`);
  return { ...registered, name, bindingName, trigger: parsed.data, retry: parseRetryPolicy(registered.metadata) };
}

function refuseUnsupported(functionName: string, bindingName: string, binding: Record<string, unknown>): void {
  const isHttpReturn = bindingName === '$return' && binding.type === 'http';
  if (isHttpReturn || supported.has(binding.type)) return;
  const known = [...supported].map(String).join(', ');
  throw new Error(
    `Function "${functionName}" uses the binding "${String(binding.type)}", which this host does not serve. It serves ${known}.`,
  );
}

/**
 * Replaces `%NAME%` by the setting of that name, as the host does in queue names and schedules.
 * Throws when the setting is missing: a function that listens nowhere would look healthy.
 */
export function resolveSettings(text: string, env: Record<string, string | undefined>, functionName: string): string {
  return text.replace(/%([^%]+)%/g, (_, setting: string) => {
    const value = env[setting];
    if (value === undefined)
      throw new Error(`Function "${functionName}" needs the setting "${setting}", which is not set.`);
    return value;
  });
}

export function hasTrigger<T extends Trigger['type']>(
  fn: HostedFunction,
  type: T,
): fn is HostedFunction<Extract<Trigger, { type: T }>> {
  return fn.trigger.type === type;
}
