import { createHash } from 'node:crypto';
import { defined } from '../../../core/documents/defined.ts';
import { envelope } from '../../../core/events/envelope.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import { StoreFailure } from '../../../core/ports/failures.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { PublishEvents } from '../../../core/ports/topic.ts';
import type { Survey } from './documents.ts';
import { forecast } from './forecast.ts';

export interface QuotaPorts {
  readonly topic: PublishEvents;
  readonly clock: Clock;
  readonly log: Log;
}

export interface QuotaSettings {
  /** The quota in bytes. */
  readonly quotaBytes: number;
  readonly eventSource: string;
  /** It is one of several registries, and bytes that none links are counted in another. */
  readonly isFurther?: boolean | undefined;
}

/** The thresholds in percent of the quota. */
const thresholds = [80, 90, 100];
/**
 * A threshold can be crossed again only after the stored bytes were below it by so many percent: they go up and down by
 * an image or two.
 */
const leftBy = 5;

/**
 * Publishes one event for the highest threshold that the stored bytes have crossed since `before`. Returns what the
 * survey is to remember of it: after a crash in between the same event is published again, under the same id; while the
 * topic is down the next survey publishes it.
 */
export async function warnOfQuota(
  ports: QuotaPorts,
  { quotaBytes, eventSource }: QuotaSettings,
  survey: Survey,
  before: Survey | undefined,
): Promise<Pick<Survey, 'warnedPercent'>> {
  const percent = (survey.storedBytes * 100) / quotaBytes;
  const warned = before?.warnedPercent ?? 0;
  const reached = thresholds.findLast((threshold) => percent >= threshold) ?? 0;
  if (reached <= warned) return percent < warned - leftBy ? { warnedPercent: reached } : { warnedPercent: warned };
  const id = idOf(survey.registry, reached, before);
  const time = ports.clock.now().toISOString();
  const { fullAt } = forecast(survey.samples, quotaBytes);
  const target = {
    registry: survey.registry,
    percent: reached,
    storedBytes: survey.storedBytes,
    quotaBytes,
    ...defined({ fullAt }),
  };
  try {
    await ports.topic.publishEvents([
      envelope(
        'Longshore.QuotaWarning',
        { id, time, source: eventSource, subject: survey.registry },
        { id, timestamp: time, target },
      ),
    ]);
    return { warnedPercent: reached };
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    ports.log.warn(
      { err: error, percent: reached },
      'the event of a nearly used quota is published with the next survey',
    );
    return { warnedPercent: warned };
  }
}

/** Makes the event's id, which stays the same until a survey remembers the event. */
function idOf(registry: RegistryName, percent: number, before: Survey | undefined): string {
  return createHash('sha256')
    .update(JSON.stringify(['quota', registry, percent, before?.measuredAt]))
    .digest('hex')
    .slice(0, 32);
}
