import { parseArgs } from 'node:util';
import { z } from 'zod';

const portSchema = z.coerce.number().int().min(0).max(65_535);

/**
 * What the local stack is told, by flag or by environment variable. A port of 0 takes any free one.
 * `--port` / LONGSHORE_PORT: where clients push and pull.
 * `--functions-port` / LONGSHORE_FUNCTIONS_PORT: where the Functions host serves the same.
 * `--state` / LONGSHORE_STATE: the folder that holds everything.
 * `--auth` / LONGSHORE_AUTH: `open`, for the stack listens on loopback alone, or `required`.
 * `--subscriber` (repeatable) / LONGSHORE_SUBSCRIBERS (comma-separated): URLs that get every event as a CloudEvent.
 * `--regions` / LONGSHORE_LOCAL_REGIONS (1): how many regions, each with a storage account and ports of its own: `--port` and those behind it.
 * `--region-lag` / LONGSHORE_REGION_LAG (200): milliseconds by which the documents of all regions but the first are behind.
 * `--log-level` / LONGSHORE_LOG_LEVEL.
 * LONGSHORE_COSMOS_PORT, LONGSHORE_BLOB_PORT, LONGSHORE_QUEUE_PORT, LONGSHORE_EVENTGRID_PORT: the services' own ports.
 */
const settingsSchema = z.object({
  port: portSchema,
  functionsPort: portSchema,
  state: z.string().min(1),
  auth: z.enum(['open', 'required'], { error: 'must be "open" or "required"' }),
  subscribers: z.array(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' })),
  logLevel: z.string(),
  regions: z.coerce.number().int().min(1).max(5),
  regionLag: z.coerce.number().int().min(0).max(600_000),
  cosmosPort: portSchema,
  blobPort: portSchema,
  queuePort: portSchema,
  eventGridPort: portSchema,
});

export type StackSettings = z.infer<typeof settingsSchema>;

/** `services` have the ports that every tool knows; beside `npm start` they take free ones. */
const servicePorts = {
  start: { cosmosPort: 0, blobPort: 0, queuePort: 0, eventGridPort: 0 },
  services: { cosmosPort: 8081, blobPort: 10_000, queuePort: 10_001, eventGridPort: 6_500 },
};

const flags = {
  port: { type: 'string' },
  'functions-port': { type: 'string' },
  state: { type: 'string' },
  auth: { type: 'string' },
  subscriber: { type: 'string', multiple: true },
  'log-level': { type: 'string' },
  regions: { type: 'string' },
  'region-lag': { type: 'string' },
} as const;

/** Throws an `Error` whose message names every fault. */
export function parseSettings(program: 'start' | 'services', args: string[], environment: Readonly<Record<string, string | undefined>>): StackSettings {
  const { values } = parseArgs({ args, options: flags });
  const env = (name: string) => environment[`LONGSHORE_${name}`] || undefined;
  const ports = servicePorts[program];
  const parsed = settingsSchema.safeParse({
    port: values.port ?? env('PORT') ?? 5000,
    functionsPort: values['functions-port'] ?? env('FUNCTIONS_PORT') ?? 7071,
    state: values.state ?? env('STATE') ?? '.longshore',
    auth: values.auth ?? env('AUTH') ?? 'open',
    subscribers: values.subscriber ?? env('SUBSCRIBERS')?.split(',') ?? [],
    logLevel: values['log-level'] ?? env('LOG_LEVEL') ?? 'info',
    regions: values.regions ?? env('LOCAL_REGIONS') ?? 1,
    regionLag: values['region-lag'] ?? env('REGION_LAG') ?? 200,
    cosmosPort: env('COSMOS_PORT') ?? ports.cosmosPort,
    blobPort: env('BLOB_PORT') ?? ports.blobPort,
    queuePort: env('QUEUE_PORT') ?? ports.queuePort,
    eventGridPort: env('EVENTGRID_PORT') ?? ports.eventGridPort,
  });
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; '));
}
