/**
 * The charge model, in request units. It is simple on purpose and keeps the proportions that the service publishes:
 * a 1 KiB point read is 1 RU, a 1 KiB write about 5, and a query pays for what it examines, not only for what it
 * returns. Use it to compare designs, never to predict a bill.
 */
const KIB = 1024;

/** Kibibytes beyond the first; what the base prices below already include. */
const extraKib = (bytes: number): number => Math.max(0, bytes / KIB - 1);

export const readCharge = (bytes: number): number => 1 + 0.09 * extraKib(bytes);

/** Writes pay per KiB for the log and the index. */
export const writeCharge = (bytes: number): number => 5.3 + 3 * extraKib(bytes);

export const deleteCharge = (bytes: number): number => writeCharge(bytes);

/** 2.3 RU to start a query, a little for each document examined, and the bytes that it returns. */
export const queryCharge = (examined: number, returnedBytes: number): number =>
  2.3 + 0.05 * examined + 0.09 * (returnedBytes / KIB);

/** The `x-ms-request-charge` header: two decimals, as the service prints it. */
export const formatCharge = (units: number): string => String(Math.round(units * 100) / 100);
