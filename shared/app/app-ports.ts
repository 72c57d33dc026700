import type { Admission } from '../core/admission/admission.ts';
import type { FeatureParts } from '../core/feature/feature.ts';
import type { ClientAddress } from '../core/http/client-address.ts';
import type { GiveWay } from '../core/http/give-way.ts';
import type { HostNames } from '../core/http/host-names.ts';
import type { IdentifyCaller } from '../core/ports/authorize.ts';
import type { Clock, RandomIds } from '../core/ports/clock.ts';
import type { Log } from '../core/ports/log.ts';
import type { ProbeDependency } from '../core/ports/probe.ts';
import type { Metrics } from '../core/telemetry/metrics.ts';

/** The ports that features must give for there to be an app. */
export interface GivenToApp {
  readonly callers: IdentifyCaller;
  /** Identifies callers of `/api/v1`, the one place where a session of the portal counts. */
  readonly portalCallers: IdentifyCaller;
  /** Returns the address that a request came from, as far as the trusted proxies tell. */
  readonly addressOf: ClientAddress;
  /** Answers every request under `/v2`, errors included. */
  readonly dataPlane: (request: Request, requestId: string) => Promise<Response>;
  /** Says whether clients are to be sent to this region. */
  readonly isOffered: () => Promise<boolean>;
  /** Inbound notifications: they prove themselves by a secret of their own instead of credentials. */
  readonly inbound: {
    /** Says whether a request has proved itself, and which one goes on in its place; `undefined` for all that are none. */
    readonly letIn: (
      request: Request,
    ) => Promise<{ readonly isProven: boolean; readonly request: Request } | undefined>;
    /** Forgets what is known of their secrets. Called before somebody who may changes something. */
    readonly forget: () => void;
  };
}

export interface AppPorts {
  readonly given: GivenToApp;
  readonly parts: readonly FeatureParts[];
  readonly probes: readonly ProbeDependency[];
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  /** The names that requests may come to; absent, any. */
  readonly hostNames?: HostNames;
  readonly admission: Pick<Admission, 'enter'>;
  /** Lets pulls go first; absent, everything goes at once. */
  readonly giveWay?: GiveWay;
}
