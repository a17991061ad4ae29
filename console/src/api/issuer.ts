import { ApiError, call } from './client';
import type { BegunLogin, KeyWithSecret, LoginWays } from './schema';
import { ADMIN } from './session';

/** Where the issuer sends people back to. */
export const RETURN = '/login';
const STORED = 'gesso.login';

interface Kept {
  ticket: string;
  page: string;
}

/** Tells how people log in here. */
export function fetchWays(): Promise<LoginWays> {
  return call<LoginWays>('GET', `${ADMIN}/login`);
}

/** Goes to the issuer; what ties its answer to this tab is kept in this tab. */
export async function goToIssuer(): Promise<void> {
  const begun = await call<BegunLogin>('POST', `${ADMIN}/login/issuer/begin`);
  const page = location.pathname === RETURN ? '/' : location.pathname + location.search;
  const kept: Kept = { ticket: begun.ticket, page };
  sessionStorage.setItem(STORED, JSON.stringify(kept));
  location.assign(begun.url);
}

/** What the issuer sent back: what it said, and the ticket if this tab asked for it. */
export interface Return {
  ticket: string;
  code: string;
  state: string;
  error: string;
}

/** Returns what the issuer sent back, once, and takes it out of the address and the history. */
export function takeReturn(): Return | null {
  const found = new URLSearchParams(location.search);
  if (location.pathname !== RETURN || !(found.has('code') || found.has('error'))) return null;
  const kept = JSON.parse(sessionStorage.getItem(STORED) ?? 'null') as Kept | null;
  sessionStorage.removeItem(STORED);
  history.replaceState(null, '', kept?.page ?? '/');
  return {
    ticket: kept?.ticket ?? '',
    code: found.get('code') ?? '',
    state: found.get('state') ?? '',
    error: found.get('error_description') ?? found.get('error') ?? '',
  };
}

/** Ends the log-in: returns the key, or throws what to tell. */
export async function redeem({ ticket, code, state, error }: Return): Promise<string> {
  if (error || !ticket) throw new ApiError(401, error ? 'issuer_refused' : 'no_ticket', error);
  const body = { ticket, code, state };
  return (await call<KeyWithSecret>('POST', `${ADMIN}/login/issuer`, { body })).secret;
}
