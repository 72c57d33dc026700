import { DeployFailure } from '../deploy/run.ts';
import { lookAtDownloads, lookAtUploads } from './bytes.ts';
import { lookAtLogin, lookAtStrangers } from './credentials.ts';
import { lookAtEvents, lookAtWebhooks } from './events.ts';
import type { Check, Finding, Patient } from './finding.ts';
import { failed, leftOut } from './finding.ts';
import { lookAtClock, lookAtHealth, lookAtTls } from './transport.ts';

export const checks: readonly Check[] = [
  { name: 'TLS', isForAdmin: false, look: lookAtTls },
  { name: 'health', isForAdmin: false, look: lookAtHealth },
  { name: 'clock', isForAdmin: false, look: lookAtClock },
  { name: 'strangers', isForAdmin: false, look: lookAtStrangers },
  { name: 'login', isForAdmin: true, look: lookAtLogin },
  { name: 'uploads', isForAdmin: true, look: lookAtUploads },
  { name: 'downloads', isForAdmin: true, look: lookAtDownloads },
  { name: 'events', isForAdmin: true, look: lookAtEvents },
  { name: 'webhooks', isForAdmin: true, look: lookAtWebhooks },
];

/** Each check in turn, told as soon as it is known. Gives how many failed. */
export async function examine(
  patient: Patient,
  tell: (name: string, finding: Finding) => void,
  wanted: readonly Check[] = checks,
): Promise<number> {
  let faults = 0;
  for (const { name, isForAdmin, look } of wanted) {
    const finding =
      isForAdmin && patient.password === undefined
        ? leftOut('LONGSHORE_ADMIN_PASSWORD is not set')
        : await looked(look, patient);
    if (finding.is === 'failed') faults += 1;
    tell(name, finding);
  }
  return faults;
}

/** What a check could not do is a finding too, not the end of the others. */
async function looked(look: Check['look'], patient: Patient): Promise<Finding> {
  try {
    return await look(patient);
  } catch (error) {
    const [said = '', next] = (error instanceof Error ? error.message : String(error)).split('\nNext: ');
    return failed(
      said.replace(/: everything is deployed, but .*$/, ''),
      error instanceof DeployFailure && next !== undefined
        ? next.replace(/; then the same command again$/, '')
        : "look at the app's failures",
    );
  }
}
