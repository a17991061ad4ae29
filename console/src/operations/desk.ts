import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { call, fetchFile, query } from '../api/client';
import { ADMIN } from '../api/session';
import { useLanguage } from '../i18n/language';
import { saveAs } from '../studio/save';
import { useToast } from '../ui/toast';

export type Filters = Record<string, string>;

interface ListPage<T> {
  items: T[];
  next: string | null;
}

const PAGE = 100;

/** A list of the admin API that grows as it is read. */
export function useList<T>(path: string, filters: Filters = {}, refetchMs?: number) {
  const found = useInfiniteQuery({
    queryKey: [path, filters],
    queryFn: ({ pageParam, signal }) =>
      call<ListPage<T>>(
        'GET',
        `${ADMIN}${path}${query({ ...filters, limit: PAGE, cursor: pageParam })}`,
        {
          signal,
        },
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    ...(refetchMs ? { refetchInterval: refetchMs } : {}),
  });
  const { hasNextPage, fetchNextPage } = found;
  const onMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  return {
    ...found,
    rows: found.data?.pages.flatMap((page) => page.items),
    more: { onMore: hasNextPage ? onMore : undefined, loadingMore: found.isFetchingNextPage },
  };
}

/** Returns what changes something and then reads the lists of these paths again. */
export function useChange(...paths: string[]) {
  const queries = useQueryClient();
  const { t } = useLanguage();
  const { tell } = useToast();
  const joined = paths.join(' ');
  return useCallback(
    async <T>(method: string, path: string, body?: object, said?: string): Promise<T> => {
      const answer = await call<T>(method, ADMIN + path, body ? { body } : {});
      await Promise.all(
        joined.split(' ').map((one) => queries.invalidateQueries({ queryKey: [one] })),
      );
      tell(said ?? t(method === 'DELETE' ? 'is.removed' : 'is.saved'));
      return answer;
    },
    [queries, joined, t, tell],
  );
}

/** Downloads every row of a list as CSV. */
export async function saveCsv(path: string, filters: Filters = {}): Promise<void> {
  const file = await fetchFile(`${ADMIN}${path}${query({ ...filters, format: 'csv' })}`);
  saveAs(file, `${path.split('/').at(-1) ?? 'list'}.csv`);
}

/** Filters of a list, and what sets one; `applied` follows after a pause in typing. */
export function useFilters(first: Filters): [Filters, (name: string, value: string) => void] {
  const [filters, setFilters] = useState(first);
  const set = useCallback(
    (name: string, value: string) => setFilters((now) => ({ ...now, [name]: value })),
    [],
  );
  return [filters, set];
}

/** Returns a local date as the moment at which it begins, or at which it is over. */
export function dayEdge(date: string, end = false): string {
  if (!date) return '';
  const moment = new Date(`${date}T00:00:00`);
  if (end) moment.setDate(moment.getDate() + 1);
  return Number.isNaN(moment.getTime()) ? '' : moment.toISOString();
}
