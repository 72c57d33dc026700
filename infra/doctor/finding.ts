import type { Call } from '../deploy/client.ts';

/**
 * What a check has found: a sentence, and what to do next where it failed, or where it works and has a limit that
 * somebody will meet.
 */
export type Finding =
  | { readonly is: 'ok' | 'left out'; readonly said: string }
  | { readonly is: 'failed' | 'careful'; readonly said: string; readonly next: string };

/** A deployment, as it is reached from here. */
export interface Patient {
  /** `https://registry.example.com`. */
  readonly origin: string;
  /** Of the user admin; without it what needs credentials is left out. */
  readonly password: string | undefined;
  /** Who answers a webhook with 2xx; absent, the registry itself is asked to receive one. */
  readonly receiver: string | undefined;
  /** The largest body that is tried, in MiB. */
  readonly largest: number;
  /** With the password; throws `DeployFailure` for an answer that is not allowed. */
  readonly call: Call;
  readonly now: () => Date;
  readonly pause: (ms: number) => Promise<void>;
}

export interface Check {
  readonly name: string;
  /** What it does is only for who has the password. */
  readonly isForAdmin: boolean;
  /** What need not be asked where this fails, as it would only fail for the same reason. */
  readonly opens?: 'everything' | 'admin';
  /** Nothing is said of it while it holds. */
  readonly isQuiet?: true;
  readonly look: (patient: Patient) => Promise<Finding>;
}

export const ok = (said: string): Finding => ({ is: 'ok', said });
export const failed = (said: string, next: string): Finding => ({ is: 'failed', said, next });
export const leftOut = (said: string): Finding => ({ is: 'left out', said });
export const careful = (said: string, next: string): Finding => ({ is: 'careful', said, next });
