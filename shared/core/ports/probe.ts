import type { Dependency } from './failures.ts';

export interface ProbeDependency {
  readonly dependency: Dependency;
  /** Resolves when the dependency answers; rejects with `StoreFailure` when it does not. */
  probe(): Promise<void>;
}
