import { signal } from '@preact/signals';
import createClient from 'openapi-fetch';
import type { paths } from '../../../generated/api.d.ts';

/** The API, typed by its own document. The header is one that no form of another site can send. */
export const portalHeaders = { 'X-Longshore-Portal': '1' };
export const api = createClient<paths>({ baseUrl: '/api/v1', headers: portalHeaders });

/** True once an answer has said that somebody must sign in: the page then gives way to the sign-in. */
export const mustSignIn = signal(false);

/** An answer that is none: what the registry said, or that it did not answer. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  /** The status; 0 if nothing answered. */
  readonly status: number;
  readonly code: string | undefined;

  constructor(message: string, status: number, code?: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** Returns the content of an answer, or throws what it says instead. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiFailure('The registry does not answer. Look at the network, and try again.', 0);
  }
  const { data, error, response } = answer;
  if (response.ok) return data as T;
  if (response.status === 401) mustSignIn.value = true;
  throw failureOf(error, response);
}

/** The same for addresses that are not in the document: those of the session. */
export async function ask(path: string, init: AskInit = {}): Promise<unknown> {
  const call = async () => {
    const response = await fetch(path, { ...init, headers: { ...portalHeaders, ...init.headers } });
    const text = await response.text();
    const content = parsed(text);
    return response.ok ? { data: content, response } : { error: content, response };
  };
  return answered(call());
}

interface AskInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text === '' ? undefined : text;
  }
}

function failureOf(error: unknown, { status }: Response): ApiFailure {
  const first = (error as { errors?: { code?: string; message?: string }[] } | undefined)?.errors?.[0];
  return new ApiFailure(
    first?.message ?? `The registry answered with status ${status}. Try again.`,
    status,
    first?.code,
  );
}
