import type { Call } from '../deploy/client.ts';

/**
 * The finding of a check: a sentence, and the next step where it failed, or where it works and has a limit that
 * somebody will meet.
 */
export type Finding =
  | { readonly is: 'ok' | 'left out'; readonly said: string }
  | { readonly is: 'failed' | 'careful'; readonly said: string; readonly next: string };

/** A deployment, as it is reached from here. */
export interface Patient {
  /** The origin, as in `https://registry.example.com`. */
  readonly origin: string;
  /** The password of the user admin; without it checks that need credentials are left out. */
  readonly password: string | undefined;
  /** The URL of a receiver that answers a webhook with 2xx; if absent, the registry itself is to receive one. */
  readonly receiver: string | undefined;
  /** The largest body that is tried, in MiB. */
  readonly largest: number;
  /** Sends a request with the password; throws `DeployFailure` for an answer that is not allowed. */
  readonly call: Call;
  readonly now: () => Date;
  readonly pause: (ms: number) => Promise<void>;
}

export interface Check {
  readonly name: string;
  /** True for a check that needs the password. */
  readonly isForAdmin: boolean;
  /** The checks that are left out when this one fails, as they would only fail for the same reason. */
  readonly opens?: 'everything' | 'admin';
  /** True for a check that is not mentioned while it holds. */
  readonly isQuiet?: true;
  readonly look: (patient: Patient) => Promise<Finding>;
}

export const ok = (said: string): Finding => ({ is: 'ok', said });
export const failed = (said: string, next: string): Finding => ({ is: 'failed', said, next });
export const leftOut = (said: string): Finding => ({ is: 'left out', said });
export const careful = (said: string, next: string): Finding => ({ is: 'careful', said, next });
