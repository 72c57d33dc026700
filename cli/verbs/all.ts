import type { Verb } from '../verb.ts';
import { loginVerb, logoutVerb } from './account.ts';
import { bases } from './bases.ts';
import { bin } from './bin.ts';
import { buildPolicies } from './build-policies.ts';
import { builds } from './builds.ts';
import { bulk } from './bulk.ts';
import { completionOf } from './completion.ts';
import { doctor } from './doctor.ts';
import { endRelease, held, release } from './held.ts';
import { diff, image } from './image.ts';
import { inUse } from './in-use.ts';
import { issuers } from './issuers.ts';
import { me } from './me.ts';
import { overview } from './overview.ts';
import { purge } from './purge.ts';
import { quarantine, quarantinePolicies } from './quarantine.ts';
import { regions } from './regions.ts';
import { replicas } from './replicas.ts';
import { repos } from './repos.ts';
import { rm } from './rm.ts';
import { findings, report, scan } from './scan.ts';
import { exceptions, scanners, scanPolicies } from './scanning.ts';
import { scopeMaps } from './scope-maps.ts';
import { settings } from './settings.ts';
import { signingKeys } from './signing-keys.ts';
import { tags } from './tags.ts';
import { tasks } from './tasks.ts';
import { tokens } from './tokens.ts';
import { trustPolicies, trustRoots } from './trust.ts';
import { baseSources, upstreams } from './upstreams.ts';
import { usage } from './usage.ts';
import { webhooks } from './webhooks.ts';
import { why } from './why.ts';

/** The whole command. */
export const root: Verb = {
  name: 'longshore',
  does: 'Shows and steers a Longshore registry (docs/cli.md)',
  verbs: [
    loginVerb,
    logoutVerb,
    me,
    overview,
    repos,
    tags,
    image,
    diff,
    rm,
    bulk,
    bin,
    purge,
    held,
    release,
    endRelease,
    quarantine,
    scan,
    findings,
    report,
    scanners,
    scanPolicies,
    exceptions,
    trustPolicies,
    trustRoots,
    quarantinePolicies,
    webhooks,
    builds,
    buildPolicies,
    tasks,
    bases,
    upstreams,
    baseSources,
    inUse,
    regions,
    replicas,
    usage,
    tokens,
    scopeMaps,
    issuers,
    signingKeys,
    settings,
    why,
    doctor,
    completionOf(() => root),
  ],
  notes: [
    'The registry is that of --registry, of a reference such as registry.example/team/app:1, of LONGSHORE_URL, or of the ' +
      'last login. Credentials are LONGSHORE_TOKEN, LONGSHORE_USERNAME with LONGSHORE_PASSWORD, a login, or those of docker.',
    'The exit code is 0, 1 when something failed, 2 when the command is wrong, and 3 when the registry refuses.',
  ],
  examples: ['tags team/app'],
};
