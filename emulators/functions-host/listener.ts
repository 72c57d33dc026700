/** A listener that waits for a function's events outside HTTP. */
export interface Listener {
  /**
   * Accepts no more work. Resolves when no new run can start; a queue's running functions go on, a timer's is awaited.
   */
  stop(): Promise<void>;
}
