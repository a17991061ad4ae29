import { queryTasks, type TaskFilter } from '../api/midjourney';
import { edge } from './edge';

/** Which part of a list, newest first, is shown: from `start` up to but not with `end`. */
export interface Span {
  start: number;
  end: number;
}

/** Returns how many tasks fit a filter, and which of them lie between two moments. */
export async function readSpan(filter: TaskFilter, since: string, until: string): Promise<Span> {
  const { totalElements: total } = await queryTasks(filter, 0, 1);
  const timeAt = async (place: number) =>
    (await queryTasks(filter, place, 1)).content[0]?.submitTime ?? 0;
  return {
    start: until ? await edge(total, Date.parse(until), timeAt) : 0,
    end: since ? await edge(total, Date.parse(since), timeAt) : total,
  };
}
