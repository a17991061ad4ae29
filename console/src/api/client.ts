import { firstLanguage } from '../i18n/language';
import { heardAnswer, heardNothing } from './connection';

/** A refusal of the gateway, in the words of all its wires. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly facts: { param?: string; charged?: boolean; retry?: boolean } = {},
  ) {
    super(message);
  }
}

const STORED = 'gesso.key';
/** Told to the window when the gateway no longer knows the key. */
export const LOGGED_OUT = 'gesso:logged-out';

let secret = sessionStorage.getItem(STORED) ?? '';

export function currentSecret(): string {
  return secret;
}

/** Keeps the key for this tab; an empty one forgets it. */
export function keepSecret(value: string): void {
  secret = value;
  if (value) sessionStorage.setItem(STORED, value);
  else sessionStorage.removeItem(STORED);
}

/** Returns a name for one intent, so that a repeated request is the same one. */
export function intent(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

interface Options {
  body?: unknown;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = {
    'accept-language': firstLanguage(),
    ...(secret ? { authorization: `Bearer ${secret}` } : {}),
    ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...options.headers,
  };
  const askedMs = performance.now();
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
      credentials: 'omit',
    });
    heardAnswer(askedMs);
    return response;
  } catch (error) {
    throw broken(error);
  }
}

/** Returns the error of a connection that broke; one that was ended here stays what it is. */
export function broken(error: unknown): unknown {
  if (error instanceof DOMException && error.name === 'AbortError') return error;
  heardNothing();
  return new ApiError(0, 'network', 'network');
}

/** Sends a request and returns the answer, not read yet; raises ApiError for every refusal. */
export async function open(method: string, path: string, options: Options = {}): Promise<Response> {
  const response = await send(method, path, options);
  if (response.ok) return response;
  if (response.status === 401 && secret && !path.endsWith('/login')) {
    window.dispatchEvent(new Event(LOGGED_OUT));
  }
  throw readRefusal(response.status, await response.text());
}

/** Sends a request and returns its JSON; raises ApiError for every refusal. */
export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await open(method, path, options);
  if (response.status === 204) return undefined as T;
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw broken(error);
  }
  return JSON.parse(text) as T;
}

/** Fetches a file with the key, as links alone cannot, and returns it. */
export async function fetchFile(path: string): Promise<Blob> {
  return (await open('GET', path)).blob();
}

function readRefusal(status: number, text: string): ApiError {
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    const fault = (body['error'] ?? body['properties'] ?? {}) as Record<string, unknown>;
    const code = fault['code'] ?? fault['error'];
    const message = fault['message'] ?? body['description'];
    return new ApiError(
      status,
      typeof code === 'string' ? code : `http_${status}`,
      typeof message === 'string' ? message : text,
      {
        ...(typeof fault['param'] === 'string' ? { param: fault['param'] } : {}),
        ...(typeof fault['charged'] === 'boolean' ? { charged: fault['charged'] } : {}),
        ...(typeof fault['retry'] === 'boolean' ? { retry: fault['retry'] } : {}),
      },
    );
  } catch {
    return new ApiError(status, `http_${status}`, text.slice(0, 300) || `HTTP ${status}`);
  }
}

/** Returns a query string of the values that are not empty. */
export function query(values: Record<string, string | number | boolean | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text && `?${text}`;
}
