import { call } from './client';

/** A posting of a task, in US dollars as text. */
interface Posting {
  reference: string;
  verb: string;
  amount: string;
  price_key: string;
  posted_at: number;
}

/** What a task held, cost and gave back, in US dollars as text. */
export interface TaskReceipt {
  price_key: string;
  held: string;
  charged: string;
  released: string;
  open: string;
  explanation: string;
  entries: Posting[];
}

export async function taskReceipt(id: string): Promise<TaskReceipt> {
  const path = `/v1/tasks/${encodeURIComponent(id)}/receipt`;
  return (await call<{ data: TaskReceipt }>('GET', path)).data;
}

/** A task among those that it comes from and that were made of it. */
export interface Branch {
  id: string;
  action: string;
  status: string;
  index: number | null;
  children: Branch[];
}

/** Returns the first task of a family with all that was made of it. */
export async function familyOf(id: string): Promise<Branch> {
  const path = `/v1/tasks/${encodeURIComponent(id)}/tree`;
  return (await call<{ data: { root: Branch } }>('GET', path)).data.root;
}

/** What one relayed call used and cost. */
export interface CallReceipt {
  state: 'open' | 'settled' | 'released';
  charged_usd: string;
}

export function callReceipt(id: string): Promise<CallReceipt> {
  return call<CallReceipt>('GET', `/v1/calls/${encodeURIComponent(id)}`);
}

interface Balance {
  remain_balance: number;
  used_balance: number;
}

/** Returns what the account of the key can spend and has spent, in US dollars. */
export function ownBalance(): Promise<Balance> {
  return call<Balance>('GET', '/v1/user/balance');
}

/** The price list: US dollars as text by task key, and by model and unit. */
export interface PriceBook {
  currency: string;
  per: Record<string, string>;
  models: Record<string, Record<string, string>>;
  tasks: Record<string, string>;
}

export function priceBook(): Promise<PriceBook> {
  return call<PriceBook>('GET', '/pricing.json');
}
