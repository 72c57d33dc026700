import { DeployFailure } from '../deploy/run.ts';
import { checkDownloads, checkUploads } from './bytes.ts';
import { checkLogin, checkStrangers, isOpenToAll } from './credentials.ts';
import { checkEvents, checkWebhooks } from './events.ts';
import type { Check, Finding, Patient } from './finding.ts';
import { failed, leftOut } from './finding.ts';
import { checkClock, checkHealth, checkReach, checkTls } from './transport.ts';

export const checks: readonly Check[] = [
  { name: 'reach', isForAdmin: false, opens: 'everything', isQuiet: true, look: checkReach },
  { name: 'TLS', isForAdmin: false, look: checkTls },
  { name: 'health', isForAdmin: false, look: checkHealth },
  { name: 'clock', isForAdmin: false, look: checkClock },
  { name: 'strangers', isForAdmin: false, look: checkStrangers },
  { name: 'login', isForAdmin: true, opens: 'admin', look: checkLogin },
  { name: 'uploads', isForAdmin: true, look: checkUploads },
  { name: 'downloads', isForAdmin: true, look: checkDownloads },
  { name: 'events', isForAdmin: true, look: checkEvents },
  { name: 'webhooks', isForAdmin: true, look: checkWebhooks },
];

/**
 * Makes each check in turn, and reports its finding as soon as it is known. After a first cause the checks that would
 * only fail again are left out. Returns how many failed.
 */
export async function examine(
  patient: Patient,
  report: (name: string, finding: Finding) => void,
  wanted: readonly Check[] = checks,
): Promise<number> {
  let faults = 0;
  let closed: string | undefined;
  for (const { name, isForAdmin, opens, isQuiet, look } of wanted) {
    const without = isForAdmin ? (closed ??= await missingCredentials(patient)) : undefined;
    const finding = without === undefined ? await findingOf(look, patient) : leftOut(without);
    if (isQuiet !== true || finding.is !== 'ok') report(name, finding);
    if (finding.is !== 'failed') continue;
    faults += 1;
    if (opens === 'everything') break;
    if (opens === 'admin') closed = `${name} failed`;
  }
  return faults;
}

/** Says why the checks that only the user admin may do cannot be tried; `undefined` where they can. */
async function missingCredentials(patient: Patient): Promise<string | undefined> {
  return patient.password !== undefined || (await isOpenToAll(patient))
    ? undefined
    : 'LONGSHORE_ADMIN_PASSWORD is not set';
}

/** Makes a check. A check that throws is a finding too, not the end of the others. */
async function findingOf(look: Check['look'], patient: Patient): Promise<Finding> {
  try {
    return await look(patient);
  } catch (error) {
    const [said = '', next] = (error instanceof Error ? error.message : String(error)).split('\nNext: ');
    return failed(
      said.replace(/: everything is deployed, but .*$/, ''),
      error instanceof DeployFailure && next !== undefined
        ? next.replace(/; then the same command again$/, '')
        : "read the app's failures",
    );
  }
}
