import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { watchTask, type Place } from '../api/events';
import { tasksByIds, type Task } from '../api/midjourney';

/** Browsers open six connections to a host at most; pictures need some of them. */
const STREAMS = 3;
const POLL_MS = 1000;
/** How long a task whose stream broke is asked about before its stream is opened again. */
const AGAIN_MS = 2000;

/**
 * Hears of open tasks while a page shows them: the first few by their event streams, and by
 * asking now and then all others. A stream that broke is opened again; until then it is asked.
 */
export function useLive(ids: readonly string[], onTasks: (tasks: Task[]) => void): void {
  const queries = useQueryClient();
  const [broken, setBroken] = useState<ReadonlySet<string>>(new Set());
  const streams = useRef(new Map<string, AbortController>());
  const told = useRef(onTasks);
  useEffect(() => {
    told.current = onTasks;
  }, [onTasks]);

  const streamed = ids.filter((id) => !broken.has(id)).slice(0, STREAMS);
  const wanted = streamed.join(' ');
  useEffect(() => {
    const names = wanted ? wanted.split(' ') : [];
    const open = streams.current;
    for (const [id, control] of open) {
      if (!names.includes(id)) {
        control.abort();
        open.delete(id);
      }
    }
    for (const id of names.filter((one) => !open.has(one))) {
      const control = new AbortController();
      open.set(id, control);
      const ears = {
        onTask: (task: Task) => told.current([task]),
        onPlace: (place: Place) => queries.setQueryData(['place', id], place),
      };
      void watchTask(id, ears, control.signal)
        .catch(() => false)
        .then((ended) => {
          if (ended || control.signal.aborted) return;
          open.delete(id);
          setBroken((now) => new Set(now).add(id));
          setTimeout(() => setBroken((now) => without(now, id)), AGAIN_MS);
        });
    }
  }, [wanted, queries]);
  useEffect(() => {
    const open = streams.current;
    return () => {
      for (const control of open.values()) control.abort();
      open.clear();
    };
  }, []);

  const polled = ids.filter((id) => !streamed.includes(id));
  const found = useQuery({
    queryKey: ['open-tasks', ...polled],
    queryFn: () => tasksByIds(polled),
    enabled: polled.length > 0,
    refetchInterval: POLL_MS,
    gcTime: 0,
  });
  useEffect(() => {
    if (found.data) told.current(found.data);
  }, [found.data]);
}

function without(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return new Set([...ids].filter((one) => one !== id));
}

/** Returns where a waiting task stands, when its stream has told it. */
export function usePlace(id: string): Place | undefined {
  const found = useQuery<Place>({ queryKey: ['place', id], enabled: false });
  return found.data;
}
