/**
 * What `answer` gives, or `late` when it takes longer than so many milliseconds. What comes later, a failure too, is
 * nobody's any more.
 */
export async function inTime<T, L>(answer: Promise<T>, ms: number, late: () => L): Promise<T | L> {
  answer.catch(() => undefined);
  const timer = Promise.withResolvers<L>();
  const patience = setTimeout(() => {
    try {
      timer.resolve(late());
    } catch (error) {
      timer.reject(error);
    }
  }, ms);
  patience.unref();
  try {
    return await Promise.race([answer, timer.promise]);
  } finally {
    clearTimeout(patience);
  }
}
