/**
 * The bound of a cache by the number of its entries. lru-cache's own `max` reserves the memory of all of them at once,
 * which takes milliseconds for each object graph; a sum of sizes, each of them 1, is the same bound.
 */
export function atMost(max: number): { readonly maxSize: number; readonly sizeCalculation: () => number } {
  return { maxSize: max, sizeCalculation: () => 1 };
}
