import { Failure } from '../failure.ts';

/** Returns the body of an answer of the typed client, which has thrown already for whatever is no success. */
export function dataOf<Data>({
  data,
  response,
}: {
  readonly data?: Data;
  readonly response: Response;
}): NonNullable<Data> {
  if (data === undefined || data === null)
    throw new Failure(`${new URL(response.url || 'http://registry').host} answered with nothing: run longshore doctor`);
  return data;
}
