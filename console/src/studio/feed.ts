import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { isFinal, queryTasks, type Task } from '../api/midjourney';
import { useLive } from './live';

/** A task on screen, or one that is being sent and has no id yet. */
export interface Card {
  key: string;
  prompt: string;
  action: string;
  task: Task | null;
}

const FEED = ['feed'];
const NEWEST = 24;

function card(task: Task): Card {
  return { key: task.id, prompt: task.prompt, action: task.action, task };
}

/** Puts a card on top at once, before the gateway has answered; returns its key. */
export function showSending(queries: QueryClient, prompt: string, action: string): string {
  const key = `sending-${Date.now()}-${Math.random()}`;
  queries.setQueryData<Card[]>(FEED, (now = []) => [{ key, prompt, action, task: null }, ...now]);
  return key;
}

/** Puts the accepted task where its card was shown; without one, the card goes. */
export function settleSending(queries: QueryClient, key: string, task: Task | null): void {
  queries.setQueryData<Card[]>(FEED, (now = []) =>
    task
      ? // The key stays, so that the card on screen stays the same one.
        now
          .filter((one) => one.task?.id !== task.id)
          .map((one) => (one.key === key ? { ...card(task), key } : one))
      : now.filter((one) => one.key !== key),
  );
}

/** Writes newer versions of tasks into the cards that show them. */
export function refreshCards(queries: QueryClient, tasks: Task[]): void {
  const fresh = new Map(tasks.map((task) => [task.id, task]));
  queries.setQueryData<Card[]>(FEED, (now) =>
    now?.map((one) => {
      const task = one.task && fresh.get(one.task.id);
      return task ? { ...card(task), key: one.key } : one;
    }),
  );
}

async function loadFeed(queries: QueryClient): Promise<Card[]> {
  const page = await queryTasks({}, 0, NEWEST);
  const before = queries.getQueryData<Card[]>(FEED) ?? [];
  const keys = new Map(before.map((one) => [one.task?.id, one.key]));
  const sending = before.filter((one) => !one.task);
  return [
    ...sending,
    ...page.content.map((task) => ({ ...card(task), key: keys.get(task.id) ?? task.id })),
  ];
}

/** The newest tasks of the account; open ones are followed while they are open. */
export function useFeed() {
  const queries = useQueryClient();
  const feed = useQuery({ queryKey: FEED, queryFn: () => loadFeed(queries) });
  const open = (feed.data ?? []).flatMap((one) =>
    one.task && !isFinal(one.task) ? [one.task.id] : [],
  );
  useLive(
    open,
    useCallback((tasks: Task[]) => refreshCards(queries, tasks), [queries]),
  );
  return feed;
}
