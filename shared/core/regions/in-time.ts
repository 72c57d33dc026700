/**
 * Returns what `answer` resolves to, or what `late` returns when that takes longer than `ms` milliseconds. An answer or
 * failure that comes later is dropped.
 */
export async function inTime<T, L>(answer: Promise<T>, ms: number, late: () => L): Promise<T | L> {
  answer.catch(() => undefined);
  const timer = Promise.withResolvers<L>();
  const timeout = setTimeout(() => {
    try {
      timer.resolve(late());
    } catch (error) {
      timer.reject(error);
    }
  }, ms);
  timeout.unref();
  try {
    return await Promise.race([answer, timer.promise]);
  } finally {
    clearTimeout(timeout);
  }
}
