import { DeployFailure } from '../deploy/run.ts';
import { lookAtDownloads, lookAtUploads } from './bytes.ts';
import { isOpenToAll, lookAtLogin, lookAtStrangers } from './credentials.ts';
import { lookAtEvents, lookAtWebhooks } from './events.ts';
import type { Check, Finding, Patient } from './finding.ts';
import { failed, leftOut } from './finding.ts';
import { lookAtClock, lookAtHealth, lookAtReach, lookAtTls } from './transport.ts';

export const checks: readonly Check[] = [
  { name: 'reach', isForAdmin: false, opens: 'everything', isQuiet: true, look: lookAtReach },
  { name: 'TLS', isForAdmin: false, look: lookAtTls },
  { name: 'health', isForAdmin: false, look: lookAtHealth },
  { name: 'clock', isForAdmin: false, look: lookAtClock },
  { name: 'strangers', isForAdmin: false, look: lookAtStrangers },
  { name: 'login', isForAdmin: true, opens: 'admin', look: lookAtLogin },
  { name: 'uploads', isForAdmin: true, look: lookAtUploads },
  { name: 'downloads', isForAdmin: true, look: lookAtDownloads },
  { name: 'events', isForAdmin: true, look: lookAtEvents },
  { name: 'webhooks', isForAdmin: true, look: lookAtWebhooks },
];

/**
 * Makes each check in turn, and tells its finding as soon as it is known. After a first cause the checks that it would
 * only fail again are left out. Returns how many failed.
 */
export async function examine(
  patient: Patient,
  tell: (name: string, finding: Finding) => void,
  wanted: readonly Check[] = checks,
): Promise<number> {
  let faults = 0;
  let closed: string | undefined;
  for (const { name, isForAdmin, opens, isQuiet, look } of wanted) {
    const without = isForAdmin ? (closed ??= await missingIn(patient)) : undefined;
    const finding = without === undefined ? await looked(look, patient) : leftOut(without);
    if (isQuiet !== true || finding.is !== 'ok') tell(name, finding);
    if (finding.is !== 'failed') continue;
    faults += 1;
    if (opens === 'everything') break;
    if (opens === 'admin') closed = `${name} failed`;
  }
  return faults;
}

/** Why what only the user admin may do cannot be tried; `undefined` where it can. */
async function missingIn(patient: Patient): Promise<string | undefined> {
  return patient.password !== undefined || (await isOpenToAll(patient))
    ? undefined
    : 'LONGSHORE_ADMIN_PASSWORD is not set';
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
