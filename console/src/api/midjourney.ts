import { ApiError, call, intent } from './client';
import { untilReached } from './connection';
import type { Button, SubmitResult, Task, TaskPage } from './schema';

export type { Button, Task };

export type Speed = 'RELAX' | 'FAST' | 'TURBO';

const FINAL = new Set(['SUCCESS', 'FAILURE', 'CANCEL']);

export function isFinal(task: Task): boolean {
  return FINAL.has(task.status);
}

/** An accepted submit; with `dialog` the task waits for an answer. */
export interface Accepted {
  id: string;
  dialog: boolean;
  place: number;
  facts: Record<string, unknown>;
}

/** How long an order waits for a connection that broke, in milliseconds. */
const PATIENCE_MS = 120_000;

/**
 * Calls until an answer came over a connection that may break meanwhile. What changes something
 * must be safe to send again: by its idempotency key the gateway knows it as the same intent.
 */
export async function overBreaks<T>(send: () => Promise<T>): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await send();
    } catch (error) {
      const lost = error instanceof ApiError && error.status === 0;
      if (!lost || !(await untilReached(until - Date.now()))) throw error;
    }
  }
}

/** Sends a submit once, whatever happens to the connection; raises ApiError for a refusal. */
export async function submit(path: string, body: object): Promise<Accepted> {
  const headers = { 'idempotency-key': intent() };
  const answer = await overBreaks(() => call<SubmitResult>('POST', path, { body, headers }));
  const facts = answer.properties as Record<string, unknown>;
  if (![1, 21, 22].includes(answer.code)) {
    const text = (name: string) => (typeof facts[name] === 'string' ? facts[name] : '');
    const why = text('message');
    const message =
      why && !answer.description.includes(why)
        ? `${answer.description}: ${why}`
        : answer.description;
    throw new ApiError(200, text('error') || `code_${answer.code}`, message, {
      ...(text('param') ? { param: text('param') } : {}),
      charged: facts['charged'] === true,
      retry: facts['retry'] === true,
    });
  }
  return {
    id: String(answer.result),
    dialog: answer.code === 21,
    place: Number(facts['numberOfQueues'] ?? 0),
    facts,
  };
}

/** Returns a task; raises ApiError when there is none, which this wire tells by a code. */
export async function fetchTask(id: string): Promise<Task> {
  const path = `/mj/task/${encodeURIComponent(id)}/fetch`;
  const answer = await call<Task | SubmitResult>('GET', path);
  if ('code' in answer) throw new ApiError(404, 'not_found', answer.description);
  return answer;
}

export interface TaskFilter {
  prompt?: string;
  /** Text of the prompt as it was painted, flags included. */
  promptEn?: string;
  action?: string;
  status?: string;
}

/** Returns one page of the account's tasks, newest first. */
export function queryTasks(
  filter: TaskFilter,
  pageNumber: number,
  pageSize: number,
  signal?: AbortSignal,
): Promise<TaskPage> {
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value));
  return call<TaskPage>('POST', '/mj/task/query', {
    body: { ...given, pageNumber, pageSize },
    ...(signal ? { signal } : {}),
  });
}

/** Returns the tasks of these ids that exist. */
export function tasksByIds(ids: string[]): Promise<Task[]> {
  return call<Task[]>('POST', '/mj/task/list-by-condition', { body: { ids } });
}

/** Cancels an open task; raises ApiError when it has ended already. */
export async function cancelTask(id: string): Promise<void> {
  const answer = await call<SubmitResult>('POST', `/mj/task/${id}/cancel`);
  if (answer.code !== 1) throw new ApiError(200, `code_${answer.code}`, answer.description);
}

/**
 * Returns a picture's link on this site: the gateway signs it for the address that it was
 * told, and the console may have been opened under another name of the same machine.
 */
export function here(link: string): string {
  const url = new URL(link, location.origin);
  return url.pathname + url.search;
}

/** Returns the link of a smaller version of a picture. */
export function thumbnail(link: string, width: number): string {
  const path = here(link);
  return /\/preview\.webp\?|\.mp4\?/.test(path) ? path : `${path}&w=${width}`;
}

/** Progress of a task in per cent. */
export function percent(task: Task): number {
  return task.progress ? Number.parseInt(task.progress, 10) || 0 : 0;
}

/** Returns the links of a task's pictures: the tiles of a grid, or the single picture. */
export function pictures(task: Task): string[] {
  if (task.videoUrls.length) return [];
  return task.imageUrls.map((one) => here(one.url));
}
