/**
 * Makes one call of an SDK, retries included, with a signal that ends it. `AbortSignal.timeout` is not used: it is kept
 * until it fires, and with it all that listens to it, an answer's documents and a block's bytes among them.
 */
export async function within<T>(seconds: number, call: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new AbortController();
  const timer = setTimeout(() => {
    deadline.abort(new DOMException(`not done within ${seconds} s`, 'TimeoutError'));
  }, seconds * 1_000);
  timer.unref();
  try {
    return await call(deadline.signal);
  } finally {
    clearTimeout(timer);
  }
}
